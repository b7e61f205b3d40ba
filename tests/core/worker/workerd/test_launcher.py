"""Isolates start with the project's own modules, and say what is wrong with code that cannot be loaded."""

import asyncio
import json
import os
import stat
import tempfile
from pathlib import Path

import pytest

from core.worker.runtime import WorkerFailed
from core.worker.workerd import find, launcher
from tests.core.worker.workerd.conftest import Bound, Project, asking, text_of

ANSWER = 'export default { fetch() { return new Response("x"); } };\n'


def _package(project: Project, name: str, files: dict[str, str], **manifest: object) -> None:
    project.write(f"node_modules/{name}/package.json", json.dumps({"name": name, **manifest}))
    for path, source in files.items():
        project.write(f"node_modules/{name}/{path}", source)


async def _answer(project: Project, main: Path) -> str:
    isolate = await project.launch(main)
    return await text_of(await isolate.fetch("t", asking()))


async def test_typescript_of_several_files_runs_as_it_is(project: Project) -> None:
    project.write("lib/size.ts", "export enum Size { Small = 3 }\nexport interface Env { APP: unknown }")
    project.write("lib/index.ts", 'export { Size } from "./size";\nexport const inner: number = 1;')
    main = project.write(
        "src/worker.ts",
        """
        import { Env } from "../lib/size";
        import { inner, Size } from "../lib";
        import data from "./data.json" with { type: "json" };
        import page from "./page.html";
        export default {
          async fetch(request: Request, env: Env): Promise<Response> {
            const late = await import("./late.js");
            return Response.json([Size.Small, inner, data.a, page, late.value]);
          },
        };
        """,
    )
    project.write("src/data.json", '{"a": 5}')
    project.write("src/page.html", "<p>")
    project.write("src/late.ts", "export const value: string = 'late';")
    assert await _answer(project, main) == '[3,1,5,"<p>\\n","late"]'


async def test_a_module_is_there_once_however_it_is_imported(project: Project) -> None:
    project.write("lib/count.js", "export let count = 0;\nexport const grow = () => ++count;")
    project.write("lib/other.js", 'import { grow } from "./count";\nexport { grow };')
    main = project.write(
        "worker.js",
        """
        import { count } from "./lib/count.js";
        import { grow } from "./lib/other";
        export default { fetch() { grow(); return new Response(String(count)); } };
        """,
    )
    assert await _answer(project, main) == "1"


async def test_packages_of_both_kinds_come_from_node_modules(project: Project) -> None:
    old = """
        exports.twice = require("./two").twice;
        exports.shown = require("util").inspect(1);
    """
    two = "module.exports = { twice: (x) => x * 2 };"
    _package(project, "old", {"lib/main.js": old, "lib/two.js": two}, main="lib/main.js")
    _package(
        project,
        "@new/thing",
        {"w.js": 'import { twice } from "old";\nexport default (x) => twice(x) + 1;', "n.js": "throw 1;"},
        type="module",
        exports={"workerd": "./w.js", "default": "./n.js"},
    )
    main = project.write(
        "worker.js",
        """
        import old, { shown, twice } from "old";
        import more from "@new/thing";
        export default { fetch: () => Response.json([twice(2), old.twice(3), more(4), shown]) };
        """,
    )
    assert await _answer(project, main) == '[4,6,9,"1"]'


async def test_env_can_be_imported_as_well(project: Project) -> None:
    main = project.write(
        "worker.js",
        """
        import { env } from "cloudflare:workers";
        const ask = async () => (await env.APP.fetch("http://c/told")).text();
        export default { async fetch() { return new Response(`${env.GREETING} ${await ask()}`); } };
        """,
    )
    isolate = await project.launch(main, variables={"GREETING": "hello"})
    assert await text_of(await isolate.fetch("t", asking())) == "hello APP got /told"
    assert project.calls[0][0].trace_id == "t"


async def test_a_class_may_be_the_entrypoint(project: Project) -> None:
    main = project.write(
        "worker.js",
        """
        import { WorkerEntrypoint } from "cloudflare:workers";
        export default class extends WorkerEntrypoint {
          async fetch(request) {
            this.ctx.waitUntil(this.env.APP.fetch("http://c/late"));
            return new Response(this.env.GREETING);
          }
        }
        """,
    )
    isolate = await project.launch(main, variables={"GREETING": "hello"})
    assert await text_of(await isolate.fetch("t", asking())) == "hello"


BROKEN = {
    "export default {\n  fetch() { return new Response(; }\n}": (
        "a.ts, line 2, column 33: SyntaxError: Expression expected"
    ),
    "\n\nmissing();\n" + ANSWER: "a.ts, line 3, column 1: ReferenceError: missing is not defined",
    'import "./nowhere";\n' + ANSWER: 'a.ts: there is no module "./nowhere"',
    'import "@b/c/d";\n' + ANSWER: 'the package "@b/c" is not in node_modules; install it: npm install @b/c',
    'import { no } from "./b.js";\nno();\n' + ANSWER: "SyntaxError: The requested module './b.js'",
    'import "./broken.js";\n' + ANSWER: "broken.js, line 1, column 8: SyntaxError: Unexpected token ')'",
}


@pytest.mark.parametrize(("source", "message"), BROKEN.items())
async def test_what_cannot_be_loaded_is_named_with_its_place(
    project: Project, source: str, message: str
) -> None:
    project.write("b.js", "export const yes = 1;")
    project.write("broken.js", "(1 + 2))")
    with pytest.raises(WorkerFailed) as failed:
        await project.launch(project.write("a.ts", source.replace("\n\n", "//\n//\n")))
    assert message in failed.value.message
    assert str(project.folder) not in failed.value.message
    assert "hybrid-tui" not in failed.value.message


async def test_a_file_that_is_not_there_is_named(project: Project) -> None:
    with pytest.raises(WorkerFailed, match=r"worker\.js"):
        await project.launch(project.folder / "worker.js")


async def test_memory_used_up_at_the_start_is_said(project: Project) -> None:
    main = project.write(
        "worker.js", "const kept = [];\nfor (;;) kept.push(new Array(100_000).fill(1));\n" + ANSWER
    )
    with pytest.raises(WorkerFailed, match=r"worker\.js: used more than 64 MB of memory while it loaded"):
        await project.launch(main, memory_limit_mib=64)


async def test_a_module_that_never_loads_is_given_up(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "START_TIMEOUT_S", 0.5)
    with pytest.raises(WorkerFailed, match="did not load within"):
        await project.launch(project.write("worker.js", "for (;;) {}"))


async def test_files_processes_and_code_from_strings_are_refused(project: Project) -> None:
    project.write(".dev.vars", "TOKEN=secret")
    main = project.fetching("""
        const attempts = {
          file: async () => (await import("node:fs")).readFileSync("/etc/hostname", "utf8"),
          module: async () => (await import("./.dev.vars")).default,
          far: async () => (await import("file:///outside/etc/hostname")).default,
          run: async () => (await import("node:child_process")).execSync("id").toString(),
          code: async () => eval("40 + 2"),
          native: async () => env.HYBRID_TUI_GATEWAY.fetch("http://c/"),
        };
        const got = [];
        for (const [name, attempt] of Object.entries(attempts)) {
          try {
            got.push(`${name}: ${await attempt()}`);
          } catch { /* refused */ }
        }
        return Response.json(got);
    """)
    assert await _answer(project, main) == "[]"


async def test_each_launch_takes_the_code_as_it_is_then(project: Project) -> None:
    made = project.launcher(project.fetching("return new Response('old');"))
    old = await made.launch(1)
    project.fetching("return new Response('new');")
    new = await made.launch(2)
    assert [await text_of(await one.fetch("t", asking())) for one in (old, new)] == ["old", "new"]
    assert (old.number, new.number) == (1, 2)
    await asyncio.gather(old.stop(), new.stop())


async def test_broken_code_does_not_keep_the_next_from_loading(project: Project) -> None:
    made = project.launcher(project.write("worker.ts", "const a: = 1;"))
    with pytest.raises(WorkerFailed):
        await made.launch(1)
    project.write("worker.ts", ANSWER)
    isolate = await made.launch(2)
    assert await text_of(await isolate.fetch("t", asking())) == "x"
    await isolate.stop()


async def test_isolates_start_side_by_side(project: Project) -> None:
    made = project.launcher(project.fetching("return new Response('x');"))
    isolates = await asyncio.gather(*(made.launch(number) for number in (1, 2, 3)))
    assert len({isolate.pid for isolate in isolates}) == 3
    await asyncio.gather(*(isolate.stop() for isolate in isolates))


async def test_secrets_stay_in_a_private_folder_and_go_when_they_are_read(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made = project.launcher(project.fetching("return new Response('x');"), variables={"TOKEN": "very secret"})
    isolate = await made.launch(1)
    (folder,) = _folders(tmp_path)
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    assert not _holding(b"very secret", folder, Path(f"/proc/{isolate.pid}"))
    await isolate.stop()
    await made.close()
    assert not _folders(tmp_path)


def _folders(place: Path) -> list[Path]:
    return [*place.glob("wd-*")]


def _holding(secret: bytes, folder: Path, process: Path) -> list[Path]:
    """Return where others could read the secret: files, command line, environment."""
    places = [path for path in folder.rglob("*") if path.is_file()]
    places += [process / name for name in ("cmdline", "environ") if (process / name).exists()]
    return [path for path in places if secret in path.read_bytes()]


async def test_without_workerd_it_says_what_to_do(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    made = project.launcher(project.fetching("return new Response('x');"), bindings=[Bound("APP")])
    monkeypatch.setenv(find.VARIABLE, "/nowhere/workerd")
    with pytest.raises(WorkerFailed, match="npm install workerd"):
        await made.launch(1)
