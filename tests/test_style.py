"""The house's rules, held by its tools: lint, format, types, floors, sizes, one clock."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILE_LINES = 400
FUNCTION_LINES = 50
CLOCKS = {"time.time", "time.monotonic", "datetime.now", "datetime.utcnow", "date.today"}
ROOMS = ("core", "tui", "themes", "tests")
TOOLS = {
    "lint": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "types": ["mypy"],
}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def is_template(path: Path) -> bool:
    """Say whether a file is part of a project that ``new`` writes; those follow their users' style."""
    return path.relative_to(ROOT).parts[:2] == ("core", "templates") and path.parent.name != "templates"


def modules() -> list[Path]:
    found = (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))
    return [path for path in found if not is_template(path)]


MODULES = modules()


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("tool", TOOLS)
def test_the_tool_finds_nothing(tool: str) -> None:
    done = run("-m", *TOOLS[tool])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(600)
def test_rooms_import_from_the_floors_below_only() -> None:
    done = run("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")
    assert done.returncode == 0, done.stdout + done.stderr


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= FILE_LINES
    long = {
        one.name: length
        for one in functions(ast.parse(text))
        if one.end_lineno and (length := one.end_lineno - one.lineno + 1) > FUNCTION_LINES
    }
    assert long == {}


def called_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


@pytest.mark.parametrize(
    "path",
    [one for one in MODULES if "tests" not in one.parts and name_of(one) != "core/clock.py"],
    ids=name_of,
)
def test_time_comes_from_the_clock_only(path: Path) -> None:
    assert CLOCKS.isdisjoint(called_names(ast.parse(path.read_text())))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_task_is_started_and_forgotten(path: Path) -> None:
    """A task that nobody holds may be collected before it ends, and its exception is seen by nobody."""
    forgotten = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func).endswith(("asyncio.create_task", "ensure_future"))
    ]
    assert forgotten == []
