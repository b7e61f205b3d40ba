"""The service that workerd asks, over HTTP on a Unix socket, for each module that an import means."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import msgspec

from core.http.messages import Request, Response, one_chunk, text_response
from core.http.server import Server, serve_unix
from core.worker.workerd.modules import BUNDLE, Module, Modules, alias_of
from core.worker.workerd.typescript import Compiler, NotCompiled


class Question(msgspec.Struct):
    """What workerd asks. ``specifier`` is a URL, ``written`` the import as the module ``referrer`` has it."""

    specifier: str
    type: Literal["import", "require"] = "import"
    written: str = msgspec.field(default="", name="rawSpecifier")
    referrer: str = ""


_decode_question = msgspec.json.Decoder(Question).decode


class ModuleService:
    """Answers for one project."""

    def __init__(self, modules: Modules, path: Path, compiler: Compiler) -> None:
        self._modules = modules
        self._path = path
        self._compiler = compiler
        self._server: Server | None = None
        self._unusable = ""
        self._missing = ""

    async def start(self) -> None:
        """Listen. Raises CannotListen."""
        self._server = await serve_unix(self._handle, self._path)

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            await self._server.stop()
            self._server = None

    def explain(self, said: str) -> str:
        """Return why a Worker was not loaded, where this service knows it better than what workerd says."""
        unusable, self._unusable = self._unusable, ""
        return unusable or (self._missing if "Module not found" in said else "")

    def _say_missing(self, question: Question) -> str:
        importer = self._modules.file_of(question.referrer)
        where = "" if importer is None else f"{self._modules.url_of(importer).removeprefix(BUNDLE)}: "
        written = question.written
        if written.startswith((".", "/", "file:", "#")) or ":" in written:
            return f'{where}there is no module "{written}"'
        package = "/".join(written.split("/")[: 2 if written.startswith("@") else 1])
        return f'{where}the package "{package}" is not in node_modules; install it: npm install {package}'

    async def _handle(self, request: Request) -> Response:
        body = b"".join([data async for data in request.body]) if request.body is not None else b""
        try:
            question = _decode_question(body)
        except msgspec.DecodeError:
            return text_response(400, "not a question for a module")
        file = self._modules.resolve(question.written, question.referrer, question.type)
        if file is None:
            self._missing = self._say_missing(question)
            return text_response(404, "")
        module = await self._module(file)
        if self._modules.file_of(question.specifier) == file:
            # However it spells the URL, the answer must bear the name that was asked for.
            module = replace(module, url=question.specifier)
        else:
            module = alias_of(module, question.specifier, question.type)
        data = msgspec.json.encode(_as_json(module))
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(data))]
        return Response(200, headers, one_chunk(data))

    async def _module(self, file: Path) -> Module:
        """Return the module as JavaScript; one that cannot be read or compiled throws why."""
        try:
            module = self._modules.load(file)
            if module.kind != "esModule" or not isinstance(module.content, str):
                return module
            return replace(module, content=await self._compiler.compiled(file, module.content))
        except (OSError, UnicodeDecodeError, NotCompiled) as error:
            self._unusable = str(error)
            thrown = f"throw new SyntaxError({json.dumps(str(error))});"
            return Module(self._modules.url_of(file), "esModule", thrown)


def _as_json(module: Module) -> dict[str, Any]:
    # Bytes go as a list of numbers: that is how Cap'n Proto writes them in JSON.
    content = module.content
    made: dict[str, Any] = {"name": module.url}
    made[module.kind] = content if isinstance(content, str) else list(content)
    if module.named_exports:
        made["namedExports"] = module.named_exports
    return made
