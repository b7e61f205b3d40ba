"""Tests mirror the sources: what core/http/client.py does is tested by tests/core/http/test_client.py.

A module that other rooms use has a test file of its own; one that only its own room uses may be tested
through those. Every room has tests, and every test file stands where its room stands.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("core", "tui", "themes")
TEMPLATES = ROOT / "core" / "templates"
DECISIONS = (
    ast.If,
    ast.IfExp,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.Try,
    ast.Match,
    ast.BoolOp,
    ast.comprehension,
)


def sources() -> list[Path]:
    found = (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))
    return [path for path in found if TEMPLATES not in path.parents or path.parent == TEMPLATES]


def mirror_of(source: Path) -> Path:
    relative = source.relative_to(ROOT)
    name = "init" if relative.stem == "__init__" else relative.stem
    return ROOT / "tests" / relative.with_name(f"test_{name}.py")


def decides(source: Path) -> bool:
    """Say whether a module takes a decision in a function; records, protocols and names alone do not."""
    return any(
        isinstance(inner, DECISIONS)
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
    )


def imports(source: Path) -> Iterator[str]:
    """Yield the names of the modules that a module takes something from, when it runs."""
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{one.name}" for one in node.names)
        elif isinstance(node, ast.Import):
            yield from (one.name for one in node.names)


def module_name(source: Path) -> str:
    parts = source.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def used_by_other_rooms() -> list[Path]:
    """Return the modules that something outside their own folder imports."""
    users: dict[str, set[Path]] = {}
    for source in SOURCES:
        for name in imports(source):
            users.setdefault(name, set()).add(source.parent)
    return [one for one in SOURCES if users.get(module_name(one), set()) - {one.parent}]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


SOURCES = sources()
TESTS = sorted(path for room in ROOMS for path in (ROOT / "tests" / room).rglob("test_*.py"))
DECIDING_ROOMS = sorted({one.parent for one in SOURCES if decides(one)})


@pytest.mark.parametrize("test", TESTS, ids=name_of)
def test_every_test_file_stands_where_its_room_stands(test: Path) -> None:
    room = ROOT / test.parent.relative_to(ROOT / "tests")
    assert room.is_dir(), f"there is no room {name_of(room)}"


@pytest.mark.parametrize("room", DECIDING_ROOMS, ids=name_of)
def test_every_room_has_tests(room: Path) -> None:
    folder = ROOT / "tests" / room.relative_to(ROOT)
    assert list(folder.glob("test_*.py")), f"{name_of(folder)} holds no test"


@pytest.mark.parametrize("source", [one for one in used_by_other_rooms() if decides(one)], ids=name_of)
def test_what_other_rooms_use_has_a_test_file_of_its_own(source: Path) -> None:
    assert mirror_of(source).is_file(), f"{name_of(source)} has no {name_of(mirror_of(source))}"
