"""Starts isolates of a JavaScript or TypeScript Worker: one Deno process each."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.worker.deno.explain import NOT_READ_AHEAD, explain, explain_output
from core.worker.deno.import_map import ImportMap
from core.worker.deno.program import OUT_OF_MEMORY_SIGNS, environment, find_deno, isolate_command
from core.worker.link.folder import IsolateFolder
from core.worker.link.isolate import LinkIsolate
from core.worker.link.log_lines import OnLog
from core.worker.link.opening import open_isolate
from core.worker.link.private import PrivateFolder
from core.worker.link.process import IsolateProcess
from core.worker.runtime import BindingFetch, WorkerFailed

HEAP_LIMIT_MIB = 128
"""The platform's memory limit of an isolate (its limits page); V8 holds its own heap to it."""
SUB_REQUEST_LIMIT = 10_000
"""Sub-requests of one request on the platform's paid plan."""
LOG_LIMIT_BYTES = 256 * 1024
"""Log lines of one request on the platform."""
_TRIES = 3
"""A module that is saved while Deno starts is refused; so a start is tried again."""
HOST = Path(__file__).parent / "host" / "main.js"
_OWN = Path(__file__).parent.parent
_SHARED = _OWN / "javascript"
_MODULES = {
    "cloudflare:workers": _SHARED / "cloudflare_workers.js",
    "@cloudflare/containers": _SHARED / "containers.js",
}
"""Modules of the platform, by the name under which Workers import them."""


@dataclass(frozen=True, slots=True)
class BindingInfo:
    """A binding to a container class, and the class that the Worker exports for it (empty for none)."""

    name: str
    class_name: str = ""


class DenoLauncher:
    """A ``Launcher``. Its isolates share one private folder: entry module, import maps, Deno's cache."""

    name = "deno"

    def __init__(
        self,
        *,
        worker: str,
        main: Path,
        binding_fetch: BindingFetch,
        on_log: OnLog,
        folder: Path | None = None,
        variables: Mapping[str, Any] | None = None,
        bindings: Sequence[BindingInfo] = (),
        heap_limit_mib: int = HEAP_LIMIT_MIB,
        sub_request_limit: int = SUB_REQUEST_LIMIT,
        log_limit_bytes: int = LOG_LIMIT_BYTES,
    ) -> None:
        """Prepare to run ``main``; ``variables`` are strings or what JSON can carry.

        ``folder`` is the project's, whose data files the Worker may import; that of ``main`` by default.
        """
        self._main = main.resolve()
        self._binding_fetch = binding_fetch
        self._on_log = on_log
        self._heap_limit_mib = heap_limit_mib
        self._setup = {
            "worker": worker,
            "vars": dict(variables or {}),
            "bindings": [asdict(binding) for binding in bindings],
            "sub_request_limit": sub_request_limit,
            "log_limit_bytes": log_limit_bytes,
            "folder": self._main.parent.as_uri() + "/",
        }
        self._import_map = ImportMap(self._main, folder or self._main.parent, _MODULES)
        self._folder: PrivateFolder | None = None
        self._preparing = asyncio.Lock()

    async def launch(self, number: int) -> LinkIsolate:
        """Start an isolate with the code as it is now. Raises WorkerFailed (file, line) for broken code."""
        for _ in range(_TRIES - 1):
            try:
                return await self._launch(number)
            except WorkerFailed as failure:
                if NOT_READ_AHEAD not in failure.message:
                    raise
        return await self._launch(number)

    async def _launch(self, number: int) -> LinkIsolate:
        if not self._main.is_file():
            raise WorkerFailed(f"{self._main.name}: no such file in {self._main.parent}")
        deno = find_deno()
        async with self._preparing:
            shared, import_map = await asyncio.to_thread(self._prepared)

        async def spawn(folder: IsolateFolder) -> IsolateProcess:
            command = isolate_command(
                deno,
                entry=shared / "entry.js",
                import_map=import_map,
                socket=folder.socket,
                mark=folder.mark_path,
                heap_limit_mib=self._heap_limit_mib,
            )
            return await IsolateProcess.spawn(
                command,
                env=environment(shared / "cache"),
                cwd=shared,
                out_of_memory_signs=OUT_OF_MEMORY_SIGNS,
            )

        return await open_isolate(
            number,
            spawn,
            self._explain,
            binding_fetch=self._binding_fetch,
            on_log=self._on_log,
            explain_load=lambda message: explain(message.splitlines(), self._main, _OWN),
        )

    async def close(self) -> None:
        """Take the shared folder away; the isolates have ended."""
        folder, self._folder = self._folder, None
        if folder is not None:
            await asyncio.to_thread(folder.remove)

    def _explain(self, process: IsolateProcess) -> str:
        if process.ran_out_of_memory():
            return f"{self._main.name}: used more than {self._heap_limit_mib} MB of memory while it loaded"
        return explain_output(process.output, self._main, _OWN)

    def _prepared(self) -> tuple[Path, Path]:
        """Return the shared folder, and in it the import map of the code as it is now."""
        shared = self._shared()
        return shared, self._import_map.write(shared)

    def _shared(self) -> Path:
        """Return the shared folder, private to this user: the entry module holds the Worker's secrets."""
        if self._folder is None:
            folder = PrivateFolder()
            folder.sweep_others()
            (folder.path / "entry.js").write_text(self._entry(), "utf-8")
            self._folder = folder
        return self._folder.path

    def _entry(self) -> str:
        """Return the module that Deno runs.

        Imports whose names stand in a module need no right to read files: the Worker is loaded once the
        isolate has given up its rights.
        """
        main, host = json.dumps(self._main.as_uri()), json.dumps(HOST.as_uri())
        setup = json.dumps(json.dumps(self._setup))
        return (
            f"import {{ serve }} from {host};\n"
            "const [socket, mark] = Deno.args;\n"
            f"await serve(() => import({main}), {{ ...JSON.parse({setup}), socket, mark }});\n"
        )
