"""Tests mirror the sources: core/http/client.py is tested by tests/core/http/test_client.py."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
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
TEMPLATES = ROOT / "core" / "templates"


def sources() -> list[Path]:
    found = (path for room in ("core", "tui", "themes") for path in sorted((ROOT / room).rglob("*.py")))
    return [path for path in found if TEMPLATES not in path.parents or path.parent == TEMPLATES]


def mirror_of(source: Path) -> Path:
    relative = source.relative_to(ROOT)
    name = "init" if relative.stem == "__init__" else relative.stem.strip("_")
    return ROOT / "tests" / relative.with_name(f"test_{name}.py")


def decides(source: Path) -> bool:
    """Say whether a module takes a decision in a function; records, protocols and names alone do not."""
    return any(
        isinstance(inner, DECISIONS)
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
    )


MIRRORED = {mirror_of(source): source for source in sources()}
TESTS = sorted(
    path for room in ("core", "tui", "themes") for path in (ROOT / "tests" / room).rglob("test_*.py")
)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("test", TESTS, ids=name_of)
def test_every_test_file_has_its_source(test: Path) -> None:
    assert test in MIRRORED, f"there is no source for {name_of(test)}"


@pytest.mark.parametrize("source", [one for one in sources() if decides(one)], ids=name_of)
def test_every_source_that_decides_has_its_test_file(source: Path) -> None:
    assert mirror_of(source).is_file(), f"{name_of(source)} has no {name_of(mirror_of(source))}"
