"""Data files are imported as on the platform, without saying what they are, by real isolates."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from core.worker.runtime import WorkerFailed
from tests.core.worker.deno.loading import loaded

EMPTY_WASM = b"\0asm\1\0\0\0"


def write(folder: Path, name: str, data: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


async def run(at: Path, imports: str, value: str, **options: Any) -> object:
    """Return what a Worker with these imports makes of an expression."""
    source = f"{imports}\nexport default {{ fetch: async () => Response.json({value}) }};"
    async with loaded(at, source, **options) as worker:
        return (await worker.fetch()).json


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "my project (ä)"
    write(folder, "data.json", '\ufeff{"name": "shop", "default": 1, "a-b": [2], "class": "c"}')
    write(folder, "lib [x]/page one.html", "<p>ä</p>\n")
    write(folder, "lib [x]/notes.txt", "`${1}` \\ \"'\u2028")
    write(folder, "lib [x]/make.sql", "select 1;")
    write(folder, "lib [x]/data.bin", bytes(range(256)))
    write(folder, "lib [x]/code.wasm", EMPTY_WASM)
    return folder


@pytest.mark.parametrize(
    ("imports", "value", "expected"),
    [
        ('import data from "./data.json";', "data.name", "shop"),
        ('import data from "./data";', "data.name", "shop"),
        ('import {\n name,\n "a-b" as ab\n} from "./data.json";', "[name, ab]", ["shop", [2]]),
        ('import * as data from "./data.json";', "[data.name, data.class]", ["shop", "c"]),
        ('import data, { name as n } from"./data.json"', "[n, data.default]", ["shop", 1]),
        ('export { name } from "./data.json";import d from "./data.json"', "d.name", "shop"),
        ("", '(await import("./data.json")).name', "shop"),
        ("", "(await import(\n  `./data.json`,\n)).default.name", "shop"),
        ('import text from "./lib [x]/page one.html";', "text", "<p>ä</p>\n"),
        ('import text from "./lib%20[x]/page%20one.html";', "text", "<p>ä</p>\n"),
        ('import text from "./lib [x]/notes.txt";', "text", "`${1}` \\ \"'\u2028"),
        ('import text from "./lib [x]/make.sql";', "text", "select 1;"),
        (
            'import data from "./lib [x]/data.bin";',
            "[data instanceof ArrayBuffer, data.byteLength, new Uint8Array(data)[255]]",
            [True, 256, 255],
        ),
        ('import m from "./lib [x]/code.wasm";', "m instanceof WebAssembly.Module", True),
        ('import m from "./lib [x]/code.wasm?module";', "m instanceof WebAssembly.Module", True),
        ('import data from "./data.json" with { type: "json" };', "data.name", "shop"),
        ("", '(await import("./data.json", { with: { type: "json" } })).default.name', "shop"),
    ],
)
async def test_data_is_imported(project: Path, imports: str, value: str, expected: object) -> None:
    assert await run(project, imports, value) == expected


@pytest.mark.parametrize("how", ["./lib [x]/deep/module.ts", "./lib [x]/deep/module", "./lib [x]/deep"])
async def test_modules_beside_the_workers_import_data_too(project: Path, how: str) -> None:
    write(project, "lib [x]/deep/index.ts", 'export * from "./module.js";')
    write(project, "lib [x]/deep/module.ts", 'import text from "../notes (1).txt"; export const told = text;')
    write(project, "lib [x]/notes (1).txt", "noted")
    assert await run(project, f'import {{ told }} from "{how}";', "told") == "noted"


async def test_each_module_has_its_own_way_to_import_a_file(project: Path) -> None:
    write(project, "typed.js", 'export { default } from "./data.json" with { type: "json" };')
    imports = 'import typed from "./typed.js"; import data from "./data.json";'
    assert await run(project, imports, "[typed.name, typed === data]") == ["shop", True]


async def test_packages_give_what_they_export(project: Path) -> None:
    package = {"name": "pk", "version": "1.2.3", "exports": {"./package.json": "./package.json"}}
    write(project, "node_modules/pk/package.json", json.dumps(package))
    write(project, "node_modules/old/package.json", '{"name": "old", "version": "1.0.0"}')
    write(project, "node_modules/old/lib/code.wasm", EMPTY_WASM)
    imports = 'import { version } from "pk/package.json"; import code from "old/lib/code.wasm?module";'
    value = "[version, code instanceof WebAssembly.Module]"
    assert await run(project, imports, value) == ["1.2.3", True]


async def test_data_outside_the_project_is_refused(project: Path, tmp_path: Path) -> None:
    write(tmp_path, "outside.json", '"outside"')
    (project / "link.json").symlink_to(tmp_path / "outside.json")
    write(project, ".dev.vars", "TOKEN=secret")
    (project / "vars.txt").symlink_to(project / ".dev.vars")
    for name in ("../outside.json", "./link.json", "./.dev.vars", "./vars.txt"):
        with pytest.raises(WorkerFailed):
            await run(project, f'import data from "{name}";', "data")


async def test_the_project_may_be_wider_than_the_workers_folder(project: Path) -> None:
    (project / "src").mkdir()
    imports = 'import data from "../data.json";'
    assert await run(project / "src", imports, "data.name", folder=project) == "shop"


async def test_broken_json_is_told_with_its_place(project: Path) -> None:
    write(project, "data.json", '{\n  "name": x\n}')
    with pytest.raises(WorkerFailed) as failed:
        await run(project, 'import data from "./data.json";', "data")
    told = "data.json, line 2, column 11: SyntaxError: this is not JSON: Expecting value"
    assert failed.value.message == told


async def test_what_only_looks_like_an_import_does_no_harm(project: Path) -> None:
    imports = """
    // import data from "./data.json";
    const text = 'import x from "./gone.json"'; const from = (x) => x; from ("./data.json");
    const bytes = Array.from("./data.json").length;
    """
    assert await run(project, imports, "[text.length, bytes]") == [27, 11]


async def test_bytes_are_those_of_the_file(project: Path) -> None:
    data = bytes(range(256)) * 4096
    write(project, "lib [x]/data.bin", data)
    value = "new Uint8Array(data).toBase64()"
    told = await run(project, 'import data from "./lib [x]/data.bin";', value)
    assert base64.b64decode(str(told)) == data
