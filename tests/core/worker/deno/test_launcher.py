"""Isolates in Deno run Workers as they stand, and nothing of the computer is within their reach."""

import asyncio
import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.http.messages import Request, Response, one_chunk, text_response
from core.worker.deno import launcher as launcher_module
from core.worker.deno.explain import NOT_READ_AHEAD
from core.worker.deno.launcher import BindingInfo, DenoLauncher
from core.worker.isolate import IsolateLost
from core.worker.link.isolate import LinkIsolate
from core.worker.runtime import SubRequest, WorkerFailed
from tests.core.worker.deno.loading import loaded

WAIT_S = 30
ANSWER = "export default { async fetch(request, env, ctx) { %s } };"


class Bench:
    """A project, the isolates of its Worker, its bindings and its log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log: list[tuple[str, str, str]] = []
        self.calls: list[tuple[SubRequest, Request]] = []
        self.launchers: list[DenoLauncher] = []
        self.isolates: list[LinkIsolate] = []
        self.answer: Callable[[SubRequest, Request], Awaitable[Response]] | None = None

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    async def fetch_binding(self, sub_request: SubRequest, request: Request) -> Response:
        self.calls.append((sub_request, request))
        if self.answer is not None:
            return await self.answer(sub_request, request)
        return text_response(200, f"{request.method} {request.target}")

    def launcher(self, main: Path, **options: Any) -> DenoLauncher:
        """Make a launcher of a Worker."""
        made = DenoLauncher(
            worker="shop",
            main=main,
            binding_fetch=self.fetch_binding,
            on_log=lambda *line: self.log.append(line),
            bindings=[BindingInfo("APP", "")],
            **{"variables": {"GREETING": "hello", "DATA": {"a": [1]}}, **options},
        )
        self.launchers.append(made)
        return made

    async def launch(self, source: str, name: str = "worker.ts", **options: Any) -> LinkIsolate:
        """Launch a Worker; a source without an export is the body of its ``fetch``."""
        source = source if "export " in source else ANSWER % source
        isolate = await self.launcher(self.write(name, source), **options).launch(1)
        self.isolates.append(isolate)
        return isolate

    async def text(self, isolate: LinkIsolate, path: str = "/", **options: Any) -> str:
        """Return what a Worker answers."""
        answer = await asyncio.wait_for(isolate.fetch("t", visit(path, **options)), WAIT_S)
        body = answer.response.body
        return "" if body is None else b"".join([data async for data in body]).decode()

    async def run(self, source: str, **options: Any) -> str:
        """Return what a new Worker answers."""
        return await self.text(await self.launch(source, **options))


def visit(path: str = "/", **options: Any) -> Request:
    return Request("GET", path, [(b"host", b"shop.example")], **options)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path / "my project (ä)")
    yield made
    for isolate in made.isolates:
        await isolate.stop()
    for one in made.launchers:
        await one.close()


async def test_a_typescript_worker_of_several_files_runs_from_a_path_with_spaces(bench: Bench) -> None:
    bench.write(
        "lib/say.ts", "export enum Loud { Yes }\nexport const say = (text: string): string => text + '!';"
    )
    bench.write("data.json", '{"name": "data"}')
    source = """
    import { Loud, say } from "./lib/say.ts";
    import data from "./data.json" with { type: "json" };
    interface Env { GREETING: string; DATA: { a: number[] } }
    const wrong: number = "types are not checked, as on the platform";
    export default {
      async fetch(request: Request, env: Env): Promise<Response> {
        const { pathname } = new URL(request.url);
        return new Response([say(env.GREETING), data.name, env.DATA.a[0], Loud.Yes, pathname].join(" "));
      },
    };
    """
    assert await bench.run(source) == "hello! data 1 0 /"


@pytest.mark.parametrize("name", ["./lib/say", "./lib/say.js", "./lib", "./lib/say.ts"])
async def test_imports_may_leave_out_what_a_bundler_finds_by_itself(bench: Bench, name: str) -> None:
    bench.write("lib/say.ts", "export const say = (): string => 'said';")
    bench.write("lib/index.ts", "export * from './say';")
    source = f"import {{ say }} from '{name}'; export default {{ fetch: () => new Response(say()) }};"
    assert await bench.run(source) == "said"


async def test_packages_come_from_the_projects_node_modules(bench: Bench) -> None:
    package = {"name": "sing", "version": "1.0.0", "type": "module", "exports": "./index.js"}
    bench.write("node_modules/sing/package.json", json.dumps(package))
    bench.write("node_modules/sing/index.js", "export const sing = () => 'la';")
    bench.write("node_modules/old/package.json", '{"name": "old", "version": "1.0.0", "main": "main.js"}')
    bench.write("node_modules/old/main.js", "exports.tell = () => require('node:path').basename('/a/b');")
    bench.write("package.json", '{"dependencies": {"sing": "^1", "old": "^1", "absent": "^1"}}')
    source = """
    import { sing } from "sing";
    import { tell } from "old";
    import { Buffer } from "node:buffer";
    export default { fetch: () => new Response(sing() + tell() + Buffer.from("x").toString("hex")) };
    """
    assert await bench.run(source, name="src/worker.ts") == "lab78"


@pytest.mark.parametrize("name", ["deno.json", "deno.jsonc", "package.json", "tsconfig.json", "deno.lock"])
async def test_settings_that_are_broken_or_meant_for_others_do_no_harm(bench: Bench, name: str) -> None:
    bench.write(name, "{ broken" if name != "package.json" else '{"type": "commonjs", "workspaces": ["x"]}')
    assert await bench.run("return new Response('runs')") == "runs"


@pytest.mark.parametrize(
    ("attempt", "refusal"),
    [
        ("(await import('node:fs')).readFileSync('/etc/hostname', 'utf8')", "read access"),
        ("(await import('node:fs')).writeFileSync('/tmp/hybrid-tui-was-here', 'x')", "write access"),
        ("(await import('node:fs')).readdirSync('.').join()", "read access"),
        ("(await import('node:child_process')).execSync('id').toString()", "Command failed"),
        ("eval('1 + 1')", "Code generation from strings"),
        ("new Function('return 1')()", "Code generation from strings"),
        ("(await import('node:os')).hostname()", "sys access"),
        ("JSON.stringify(await (await import('node:dns')).promises.lookup('example.com'))", "EPERM"),
    ],
)
async def test_what_is_outside_is_out_of_reach(bench: Bench, attempt: str, refusal: str) -> None:
    said = await bench.run(
        f"try {{ return new Response('REACHED ' + ({attempt})) }} "
        "catch (error) { return new Response(`refused: ${error.message}`) }"
    )
    assert refusal in said
    assert said.startswith("refused")


async def test_no_address_can_be_connected_to(bench: Bench) -> None:
    reached = asyncio.Event()
    server = await asyncio.start_server(lambda *_: reached.set(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    said = await bench.run(
        "const net = await import('node:net'); return new Promise((done) => {"
        f"try {{ const socket = net.connect({port}, '127.0.0.1');"
        "  socket.on('error', (error) => done(new Response(error.message)));"
        "  socket.on('connect', () => done(new Response('REACHED'))); }"
        "catch (error) { done(new Response(error.message)); } });"
    )
    server.close()
    assert "net access" in said
    assert not reached.is_set()


async def test_the_engines_environment_is_not_the_workers(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYBRID_TUI_SECRET", "s3cret")
    isolate = await bench.launch("return new Response(JSON.stringify(globalThis.process?.env ?? {}))")
    assert "s3cret" not in await bench.text(isolate)
    process = psutil.Process(isolate.pid)
    assert "HYBRID_TUI_SECRET" not in process.environ()


async def test_variables_stand_in_no_command_line_and_no_file_of_others(bench: Bench) -> None:
    secret = "s3cr\u2028et </script> ${x} \\ \" '"
    isolate = await bench.launch("return new Response(env.TOKEN)", variables={"TOKEN": secret})
    assert await bench.text(isolate) == secret
    command = psutil.Process(isolate.pid).cmdline()
    assert not any("s3cr" in part for part in command)
    entry = next(Path(part) for part in command if part.endswith("entry.js"))
    assert stat.S_IMODE(entry.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (
            "export default {\n  fetch( { return 1 }\n}",
            "worker.ts, line 2, column 19: SyntaxError: Expected ','",
        ),
        (
            "import { gone } from 'not-there';\nexport default { gone };",
            'the package "not-there" is not in node_modules; install it: npm install not-there',
        ),
        (
            "\nimport { gone } from './not-there.ts';\nexport default { gone };",
            'worker.ts, line 2, column 22: Module not found "not-there.ts"',
        ),
        (
            "import { gone } from './here.ts';\nexport default { gone };",
            "worker.ts, line 1, column 10: SyntaxError: The requested module './here.ts' does not provide",
        ),
        ("export {};\n\nthrow new TypeError('at load');", "worker.ts, line 3, column 7: TypeError: at load"),
        (
            "import { connect } from 'cloudflare:sockets';\nexport default { connect };",
            'worker.ts, line 1, column 25: the module "cloudflare:sockets" is not emulated here',
        ),
        (
            "import x from 'https://example.com/x.ts';\nexport default { x };",
            "cannot be imported: modules come from the project and its node_modules",
        ),
        (
            "const name = './he' + 're.ts';\nexport default await import(name);",
            '"here.ts" cannot be imported by a name made at run time',
        ),
        ("import x from '../out.json';\nexport default { x };", 'with { type: "json" }'),
        ("import x from './data.csv';\nexport default { x };", "and .wasm of the project can be imported"),
        (
            "import x from './data.csv' with { type: 'text' };\nexport default { x };",
            '"data.csv" cannot be imported by a name made at run time, or with a type other than json',
        ),
        ("import './broken.ts';\nexport default {};", "broken.ts, line 2, column 10: SyntaxError"),
    ],
)
async def test_a_worker_that_cannot_be_loaded_is_told_with_its_place(
    bench: Bench, source: str, told: str
) -> None:
    bench.write("../out.json", "1")
    bench.write("data.csv", "one")
    bench.write("here.ts", "export const here = 1;")
    bench.write("broken.ts", "export const one = 1;\nconst x: = 2;")
    with pytest.raises(WorkerFailed) as caught:
        await bench.launch(source)
    message = caught.value.message
    assert told in message
    for ours in ("\x1b", "file://", "entry.js", str(launcher_module.HOST.parent), "\n"):
        assert ours not in message


async def test_a_file_that_is_not_there_is_told(bench: Bench) -> None:
    with pytest.raises(WorkerFailed, match=r"absent\.ts: no such file"):
        await bench.launcher(bench.folder / "absent.ts").launch(1)


async def test_a_heap_beyond_its_limit_ends_the_isolate_and_is_known(bench: Bench) -> None:
    isolate = await bench.launch(
        "const kept = []; for (;;) kept.push(new Array(10_000).fill(1.5));", heap_limit_mib=64
    )
    with pytest.raises(IsolateLost) as caught:
        await bench.text(isolate)
    assert caught.value.began
    assert isolate.running() == "t"
    assert isolate.ran_out_of_memory()


async def test_a_heap_used_up_while_loading_is_told(bench: Bench) -> None:
    source = "const kept = []; for (;;) kept.push(new Array(10_000).fill(1.5)); export default {};"
    with pytest.raises(WorkerFailed, match=r"worker\.ts: used more than 64 MB of memory while it loaded"):
        await bench.launch(source, heap_limit_mib=64)


async def test_a_spinning_worker_is_named_and_can_be_killed(bench: Bench) -> None:
    isolate = await bench.launch("for (;;) {}")
    fetch = asyncio.create_task(isolate.fetch("spinner", visit()))
    async with asyncio.timeout(WAIT_S):
        while isolate.running() != "spinner":
            await asyncio.sleep(0)
    isolate.kill("it spins")
    with pytest.raises(IsolateLost, match="it spins") as caught:
        await fetch
    assert caught.value.began
    assert not isolate.ran_out_of_memory()


async def test_a_stopped_isolate_ends_by_itself_and_nothing_is_left(bench: Bench) -> None:
    isolate = await bench.launch("return new Response('ok')")
    assert await bench.text(isolate) == "ok"
    shared = next(
        Path(part).parent for part in psutil.Process(isolate.pid).cmdline() if part.endswith("entry.js")
    )
    await isolate.stop()
    assert isolate.how_it_ended() == "the Worker's process ended with exit code 0"
    assert not psutil.pid_exists(isolate.pid)
    await bench.launchers[0].close()
    assert not shared.exists()


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv of util-linux")
async def test_a_spinning_isolate_ends_with_an_engine_that_is_killed(bench: Bench, tmp_path: Path) -> None:
    main = bench.write("worker.ts", ANSWER % "for (;;) {}")
    engine = tmp_path / "engine.py"
    engine.write_text(
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from core.http.messages import Request\n"
        "from core.worker.deno.launcher import DenoLauncher\n"
        "async def main():\n"
        "    launcher = DenoLauncher(worker='w', main=Path(sys.argv[1]), binding_fetch=None, on_log=print)\n"
        "    isolate = await launcher.launch(1)\n"
        "    fetch = asyncio.create_task(isolate.fetch('t', Request('GET', '/')))\n"
        "    while not isolate.running():\n"
        "        await asyncio.sleep(0)\n"
        "    print(isolate.pid, flush=True)\n"
        "    await fetch\n"
        "asyncio.run(main())\n"
    )
    with tempfile.TemporaryDirectory(prefix="t-") as temporary:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(engine),
            str(main),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "TMPDIR": temporary},
        )
        assert process.stdout is not None
        isolate = psutil.Process(int(await asyncio.wait_for(process.stdout.readline(), WAIT_S)))
        process.kill()
        await process.wait()
        gone, _ = await asyncio.to_thread(psutil.wait_procs, [isolate], WAIT_S)
        assert gone or isolate.status() == psutil.STATUS_ZOMBIE


async def test_a_binding_is_called_and_its_answer_passed_on_unread(bench: Bench) -> None:
    body = one_chunk(b"from the container")

    async def give(_: SubRequest, __: Request) -> Response:
        return Response(200, [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")], body)

    bench.answer = give
    isolate = await bench.launch("return env.APP.fetch(request);")
    answer = await isolate.fetch("trace-1", visit("/to?x=1"))
    assert answer.response.body is body
    assert [field for field in answer.response.headers if field[0] == b"set-cookie"] == [
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
    ]
    sub_request, request = bench.calls[0]
    assert (sub_request.trace_id, sub_request.number, sub_request.binding) == ("trace-1", 1, "APP")
    assert (request.target, request.header(b"host")) == ("/to?x=1", b"shop.example")


async def test_what_the_worker_prints_is_logged_with_its_request(bench: Bench) -> None:
    isolate = await bench.launch(
        "console.log('seen', { a: 1 }); console.error('bad'); return new Response('x')"
    )
    await bench.text(isolate)
    assert ("t", "log", "seen { a: 1 }") in bench.log
    assert ("t", "error", "bad") in bench.log


async def test_a_module_that_is_saved_while_deno_reads_it_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched = DenoLauncher._launch
    tries: list[int] = []

    async def saved_meanwhile(launcher: DenoLauncher, number: int) -> LinkIsolate:
        tries.append(number)
        if len(tries) == 1:
            raise WorkerFailed(f'worker.ts: "worker.ts" {NOT_READ_AHEAD}')
        return await launched(launcher, number)

    monkeypatch.setattr(DenoLauncher, "_launch", saved_meanwhile)
    async with loaded(tmp_path, "return new Response('read')") as worker:
        assert (await worker.fetch()).text == "read"
    assert tries == [1, 1]
