"""The project's JavaScript keeps to the house's form: Deno's formatter and linter, and short files."""

import subprocess
from pathlib import Path

import pytest

from core.worker.deno.program import find_deno

WORKER = Path(__file__).parents[4] / "core" / "worker"
ROOMS = [str(WORKER / "javascript"), str(WORKER / "deno" / "host"), str(WORKER / "workerd" / "shim")]
FILE_LINES = 400


@pytest.mark.parametrize(
    "tool", [["fmt", "--check", "--line-width", "110"], ["lint"]], ids=["format", "lint"]
)
def test_the_tool_finds_nothing(tool: list[str]) -> None:
    command = [str(find_deno()), *tool, "--no-config", *ROOMS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_files_are_short_and_say_what_they_own() -> None:
    files = [file for room in ROOMS for file in Path(room).glob("*.js")]
    assert files
    for file in files:
        lines = file.read_text("utf-8").splitlines()
        assert len(lines) <= FILE_LINES, file.name
        assert lines[0].startswith("// "), file.name
