"""The import map of a Worker's isolates: the platform's modules, and those that stand for data files.

The platform's bundler lets a module import JSON, text, bytes and WebAssembly without saying what they are;
Deno does not. So each such import is mapped, for the module that holds it alone, to a small module made here.
"""

import hashlib
import json
import os
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, unquote, urljoin

from core.worker.deno.data_imports import Import, imports_of
from core.worker.deno.data_modules import is_readable, kind_of, module_of
from core.worker.workerd.packages import package_file

MODULES_LIMIT = 5000
"""How many of the project's modules are looked into."""
KEPT_MAPS = 8
"""How many maps, with their modules, stay for isolates that are still loading."""
_CODE = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs")
_TYPESCRIPT = {".js": (".ts", ".tsx"), ".jsx": (".tsx",), ".mjs": (".mts",), ".cjs": (".cts",)}
_PLAIN = "/@!$&'()*+,;=:~|[]"
"""What stands for itself in a URL's path (https://url.spec.whatwg.org/#path-state)."""

_State = tuple[int, int, int]


class ImportMap:
    """Makes the map anew for each isolate; what has not changed on the disk is remembered."""

    def __init__(self, main: Path, project: Path, own: Mapping[str, Path]) -> None:
        """Map the imports of ``main``; data is read in the folder ``project`` and in packages alone."""
        self._main = main
        self._project = project.resolve()
        self._own = {name: path.as_uri() for name, path in own.items()}
        self._imports: dict[str, tuple[_State, tuple[Import, ...]]] = {}
        self._modules: dict[tuple[Path, bool], tuple[_State, str]] = {}
        self._kept: deque[tuple[Path, ...]] = deque()

    def write(self, folder: Path) -> Path:
        """Write the map as the project is now, with the modules that it names; return its file.

        Raises WorkerFailed (file, line) for JSON that is broken.
        """
        modules: dict[Path, str] = {}
        scopes: dict[str, dict[str, str]] = {}
        for importer, name, text in self._data_imports():
            module = folder / f"data-{_digest(text)}.js"
            modules[module] = text
            scopes.setdefault(importer, {})[name] = module.as_uri()
        written = json.dumps({"imports": self._own, "scopes": scopes})
        file = folder / f"modules-{_digest(written)}.json"
        files = {**modules, file: written}
        if not self._kept or file not in self._kept[-1]:
            for path, text in files.items():
                path.write_text(text, "utf-8")
            self._keep(tuple(files))
        return file

    def _keep(self, files: tuple[Path, ...]) -> None:
        self._kept.append(files)
        if len(self._kept) > KEPT_MAPS:
            needed = {path for kept in list(self._kept)[1:] for path in kept}
            for path in set(self._kept.popleft()) - needed:
                path.unlink(missing_ok=True)

    def _data_imports(self) -> Iterator[tuple[str, str, str]]:
        """Yield the importing module's URL, what the map calls the import, and the module for it."""
        todo = [(self._main.as_uri(), str(self._main))]
        seen = {todo[0][0]}
        while todo and len(seen) < MODULES_LIMIT:
            url, path = todo.pop()
            imports = self._imports_of(path)
            typed = {one.name for one in imports if one.typed}
            by_names = {one.name for one in imports if one.by_names}
            for name in sorted({one.name for one in imports} - typed):
                if (code := _code_module(url, path, name)) is not None:
                    if code[0] not in seen:
                        seen.add(code[0])
                        todo.append(code)
                elif text := self._data_module(name, path, name in by_names):
                    yield url, urljoin(url, _encoded(name)) if _is_relative(name) else name, text

    def _data_module(self, name: str, importer: str, by_names: bool) -> str:
        """Return the module for an import of data; the empty text for one of code, or that is refused."""
        file = self._data_file(name, importer)
        if file is None or not is_readable(file, self._project):
            return ""
        try:
            state = _state(file)
            known = self._modules.get((file, by_names))
            if known is None or known[0] != state:
                text = module_of(file, self._main.parent, by_names=by_names)
                known = self._modules[file, by_names] = (state, text)
        except OSError:
            return ""
        return known[1]

    def _data_file(self, name: str, importer: str) -> Path | None:
        bare = name.removesuffix("?module") if name.endswith(".wasm?module") else name
        if _is_relative(name):
            asked = _path_of(importer, bare)
            return Path(asked if kind_of(bare) else f"{asked}.json")
        if name in self._own or ":" in name or not kind_of(bare):
            return None
        return package_file(bare, Path(importer), "import")

    def _imports_of(self, path: str) -> tuple[Import, ...]:
        try:
            state = _state(path)
            known = self._imports.get(path)
            if known is None or known[0] != state:
                text = Path(path).read_text("utf-8", "replace")
                known = self._imports[path] = (state, imports_of(text))
        except OSError:
            return ()
        return known[1]


def _code_module(url: str, importer: str, name: str) -> tuple[str, str] | None:
    """Return the URL and path, as Deno has them, of the module that an import means; None for no code."""
    if not _is_relative(name) or kind_of(name):
        return None
    asked = _path_of(importer, name)
    file = _code_file(asked)
    if file is None:
        return None
    # Deno makes the URL anew from the path where it looked for a suffix itself.
    return (urljoin(url, _encoded(name)) if file == asked else "file://" + quote(file, _PLAIN)), file


def _code_file(asked: str) -> str | None:
    """Return the file of code that an import's path means, suffixes left out or not."""
    stem, suffix = os.path.splitext(asked)
    if suffix in _CODE and os.path.isfile(asked):
        return asked
    others = [stem + other for other in _TYPESCRIPT.get(suffix, ())]
    others += [asked + other for other in _CODE]
    if os.path.isdir(asked):
        others += [f"{asked}/index{other}" for other in _CODE]
    return next((one for one in others if os.path.isfile(one)), None)


def _path_of(importer: str, name: str) -> str:
    """Return the path that a relative import names, without ``..``; links are left as they are."""
    return os.path.normpath(f"{os.path.dirname(importer)}/{unquote(name)}")


def _is_relative(name: str) -> bool:
    return name.startswith(("./", "../")) or name in (".", "..")


def _encoded(name: str) -> str:
    path, mark, query = name.partition("?")
    return quote(path, _PLAIN + "%") + mark + query


def _state(path: str | Path) -> _State:
    status = os.stat(path)
    return status.st_mtime_ns, status.st_size, status.st_ino


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
