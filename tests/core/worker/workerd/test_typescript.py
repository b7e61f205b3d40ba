"""TypeScript becomes JavaScript by Deno, once for each text, and mistakes have a place."""

from pathlib import Path

import pytest

from core.worker.runtime import WorkerFailed
from core.worker.workerd import typescript
from core.worker.workerd.typescript import Compiler, NotCompiled

SOURCE = """\
import { Env, run } from "./types";

enum Size { Small = 1 }
export function f(env: Env): never {
  throw new Error(run(Size.Small));
}
"""


@pytest.fixture
def compiler(tmp_path: Path) -> Compiler:
    return Compiler(tmp_path)


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


async def test_types_go_and_enums_become_code(tmp_path: Path, compiler: Compiler) -> None:
    file = _write(tmp_path, "a.ts", SOURCE)
    made = await compiler.compiled(file, SOURCE)
    assert "Env" not in made
    assert "Small" in made
    assert "sourceMappingURL" not in made


async def test_positions_lead_back(tmp_path: Path, compiler: Compiler) -> None:
    file = _write(tmp_path, "a.ts", SOURCE)
    lines = (await compiler.compiled(file, SOURCE)).split("\n")
    line = next(number for number, text in enumerate(lines, 1) if "throw" in text)
    assert compiler.original(file, line, lines[line - 1].index("throw") + 1) == (5, 3)
    assert compiler.original(tmp_path / "other.ts", 7, 8) == (7, 8)


async def test_a_text_is_compiled_once(
    tmp_path: Path, compiler: Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _write(tmp_path, "a.ts", SOURCE)
    first = await compiler.compiled(file, SOURCE)
    monkeypatch.setattr(Compiler, "_run", None)
    assert await compiler.compiled(file, SOURCE) == first


async def test_a_change_is_compiled_anew(tmp_path: Path, compiler: Compiler) -> None:
    file = _write(tmp_path, "a.ts", SOURCE)
    await compiler.compiled(file, SOURCE)
    _write(tmp_path, "a.ts", "export const other: number = 2;")
    assert "other = 2" in await compiler.compiled(file, "export const other: number = 2;")


async def test_a_mistake_has_a_place_within_the_project(tmp_path: Path, compiler: Compiler) -> None:
    text = "const a: number = 1;\nconst b = ;\n"
    file = _write(tmp_path, "bad.ts", text)
    with pytest.raises(NotCompiled, match=r"^bad\.ts:2:11: SyntaxError: Expression expected$"):
        await compiler.compiled(file, text)


async def test_javascript_stays_as_it_is(tmp_path: Path, compiler: Compiler) -> None:
    assert await compiler.compiled(tmp_path / "a.js", "export  const a=1") == "export  const a=1"


async def test_without_deno_workerd_takes_the_types_away(
    tmp_path: Path, compiler: Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> Path:
        raise WorkerFailed("no Deno")

    monkeypatch.setattr(typescript, "find_deno", missing)
    assert await compiler.compiled(tmp_path / "a.ts", SOURCE) == SOURCE
