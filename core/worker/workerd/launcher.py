"""Starts isolates in workerd: one process each, with its configuration, gateway and modules."""

import asyncio
import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from core.worker.gateway import Gateway
from core.worker.link.process import IsolateProcess
from core.worker.runtime import BindingFetch, WorkerFailed
from core.worker.workerd.config import COMPATIBILITY_DATE, IsolateConfig, config_text
from core.worker.workerd.cpu import CpuMeter, ProcessCpu
from core.worker.workerd.failures import Places, in_words, on_one_line
from core.worker.workerd.find import find_workerd
from core.worker.workerd.guard import Guard
from core.worker.workerd.isolate import WorkerdIsolate
from core.worker.workerd.module_service import ModuleService
from core.worker.workerd.modules import Modules
from core.worker.workerd.output import Output
from core.worker.workerd.records import OnLog
from core.worker.workerd.typescript import Compiler, find_deno_if_any
from core.worker.workerd.visits import Visits

START_TIMEOUT_S = 30.0
SUB_REQUEST_LIMIT = 10_000
LOG_LIMIT_CHARACTERS = 256 * 1024
MEMORY_LIMIT_MIB = 128
OUT_OF_MEMORY_SIGNS = ("Reached heap limit", "JavaScript heap out of memory")
_LONGEST_SOCKET_BYTES = 100


class BindingInfo(Protocol):
    """A container class as bound: the name in ``env``, and the exported class that stands for it."""

    @property
    def name(self) -> str:
        """Return the binding's name."""

    @property
    def class_name(self) -> str:
        """Return the class's name; empty when none is declared."""


class WorkerdLauncher:
    """A ``Launcher`` of a JavaScript or TypeScript Worker.

    ``folder`` is the project's (the folder of ``main`` when not given); ``program`` is workerd itself, looked
    for when not given; ``memory_limit_mib`` bounds the JavaScript heap. Further compatibility flags and the
    date are those of the Worker's author.
    """

    name = "workerd"

    def __init__(
        self,
        *,
        main: Path,
        binding_fetch: BindingFetch,
        on_log: OnLog,
        variables: Mapping[str, Any] | None = None,
        bindings: Sequence[BindingInfo] = (),
        folder: Path | None = None,
        program: Path | None = None,
        memory_limit_mib: int = MEMORY_LIMIT_MIB,
        sub_request_limit: int = SUB_REQUEST_LIMIT,
        log_limit_characters: int = LOG_LIMIT_CHARACTERS,
        compatibility_date: str = COMPATIBILITY_DATE,
        compatibility_flags: Sequence[str] = (),
    ) -> None:
        self._main = main.absolute()
        self._project = (folder or main.parent).absolute()
        self._program = program
        self._binding_fetch = binding_fetch
        self._on_log = on_log
        self._variables = dict(variables or {})
        self._memory_limit_mib = memory_limit_mib
        self._date, self._flags = compatibility_date, tuple(compatibility_flags)
        self._settings = {
            "bindings": [{"name": one.name, "className": one.class_name} for one in bindings],
            "variables": list(self._variables),
            "subRequestLimit": sub_request_limit,
            "logLimit": log_limit_characters,
        }
        self._modules = Modules(self._project)
        self._compiler = Compiler(self._project)
        self._places = Places(self._modules, self._compiler)
        self._shared: _Shared | None = None
        self._opening = asyncio.Lock()

    async def launch(self, number: int) -> WorkerdIsolate:
        """Start an isolate with the code as it is now. Raises WorkerFailed (file, line) for broken code."""
        program = self._program or find_workerd(self._project)
        if program is None:
            raise WorkerFailed(
                "there is no workerd: run `npm install workerd` in the project, or choose another runtime"
            )
        if not self._main.is_file():
            raise WorkerFailed(f"{self._main.name}: there is no such file")
        shared = await self._open()
        config = shared.folder / f"{number}.capnp"
        socket = shared.folder / f"s{number}"
        config.write_text(self._config(shared, socket))
        try:
            return await self._start(program, shared, config, socket, number)
        finally:
            # It holds the secrets of the Worker, and workerd has read it.
            config.unlink(missing_ok=True)

    async def close(self) -> None:
        """Free what the isolates shared; they have ended."""
        if self._shared is not None:
            shared, self._shared = self._shared, None
            await shared.close()

    async def _open(self) -> "_Shared":
        async with self._opening:
            if self._shared is None:
                self._shared = await _Shared.open(self._binding_fetch, self._modules, self._compiler)
            return self._shared

    async def _start(
        self, program: Path, shared: "_Shared", config: Path, socket: Path, number: int
    ) -> WorkerdIsolate:
        process = await self._spawn(program, config)
        cpu = ProcessCpu(process.pid)
        visits = Visits(CpuMeter(cpu.used_ms))
        output = Output(self._on_log, visits.late_work_ended, self._places.readable)
        process.on_line = output.take
        shared.guard.watch(process.pid)
        closing = contextlib.AsyncExitStack()
        closing.callback(shared.guard.forget, process.pid)
        closing.callback(socket.unlink, missing_ok=True)
        closing.callback(cpu.close)
        isolate = WorkerdIsolate(
            number, process, str(socket), visits, self._on_log, self._places.readable, closing.aclose
        )
        try:
            await self._wait_until_ready(process, output, isolate, shared.modules)
        except BaseException:
            process.kill("it did not start")
            await isolate.stop()
            raise
        return isolate

    async def _spawn(self, program: Path, config: Path) -> IsolateProcess:
        # The module service is what workerd calls experimental here; it changes nothing for the Worker.
        command: list[str | Path] = [program, "serve", "--experimental", "--control-fd=1", config]
        env = {name: os.environ[name] for name in ("PATH", "TMPDIR", "SYSTEMROOT") if name in os.environ}
        try:
            return await IsolateProcess.spawn(
                command, env=env, cwd=config.parent, out_of_memory_signs=OUT_OF_MEMORY_SIGNS
            )
        except OSError as error:
            raise WorkerFailed(f"workerd did not start: {error}") from error

    async def _wait_until_ready(
        self, process: IsolateProcess, output: Output, isolate: WorkerdIsolate, modules: ModuleService
    ) -> None:
        ends = asyncio.ensure_future(process.exited.wait())
        listens = asyncio.ensure_future(output.listening.wait())
        try:
            await asyncio.wait((ends, listens), timeout=START_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ends.cancel()
            listens.cancel()
        if process.exited.is_set():
            raise WorkerFailed(self._why_not_loaded(process, output.load_failure(), modules))
        if not output.listening.is_set():
            raise WorkerFailed(f"the Worker's module did not load within {START_TIMEOUT_S:g} s")
        await isolate.ping()

    def _why_not_loaded(self, process: IsolateProcess, said: str, modules: ModuleService) -> str:
        main = self._main.name
        if process.ran_out_of_memory():
            return f"{main}: used more than {self._memory_limit_mib} MB of memory while it loaded"
        return in_words(modules.explain(said) or on_one_line(said or process.how_it_ended(), main))

    def _config(self, shared: "_Shared", socket: Path) -> str:
        main = json.dumps(self._modules.url_of(self._main))
        settings = json.dumps(self._settings)
        own_flags = () if find_deno_if_any() is not None else ("typescript_strip_types",)
        entry = (
            f'import {{ serve }} from "hybrid-tui/workerd/shim/serve.js";\n'
            f"import * as worker from {main};\n"
            f"export default serve(worker, {settings});\n"
        )
        return config_text(
            IsolateConfig(
                socket=str(socket),
                gateway=str(shared.gateway_path),
                modules=str(shared.modules_path),
                entry=entry,
                variables=self._variables,
                memory_limit_mib=self._memory_limit_mib,
                compatibility_date=self._date,
                compatibility_flags=(*self._flags, *own_flags),
            )
        )


class _Shared:
    """What the isolates of one Worker share: a private folder, the gateway, the module service, the guard."""

    def __init__(
        self, folder: Path, binding_fetch: BindingFetch, modules: Modules, compiler: Compiler
    ) -> None:
        self.folder = folder
        self.gateway_path = folder / "g"
        self.modules_path = folder / "m"
        self.guard = Guard(folder)
        self._gateway = Gateway(self.gateway_path, binding_fetch)
        self.modules = ModuleService(modules, self.modules_path, compiler)

    @classmethod
    async def open(cls, binding_fetch: BindingFetch, modules: Modules, compiler: Compiler) -> "_Shared":
        shared = cls(_private_folder(), binding_fetch, modules, compiler)
        try:
            await shared.guard.start()
            await shared._gateway.start()
            await shared.modules.start()
        except BaseException:
            await shared.close()
            raise
        return shared

    async def close(self) -> None:
        await self.modules.stop()
        await self._gateway.stop()
        await self.guard.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _private_folder() -> Path:
    """Make a folder for this user alone; the paths of sockets in it must be short."""
    folder = Path(tempfile.mkdtemp(prefix="wd-"))
    if len(bytes(folder)) > _LONGEST_SOCKET_BYTES:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="wd-", dir="/tmp"))
    return folder.resolve()
