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
        self._imports: dict[Path, tuple[_State, tuple[Import, ...]]] = {}
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
        todo = [(self._main.as_uri(), self._main)]
        seen = {self._main.as_uri()}
        while todo and len(seen) < MODULES_LIMIT:
            url, path = todo.pop()
            imports = self._imports_of(path)
            typed = {one.name for one in imports if one.typed}
            by_names = {one.name for one in imports if one.by_names}
            for name in sorted({one.name for one in imports} - typed):
                if (file := self._data_file(name, path)) is not None:
                    text = self._module_of(file, name in by_names)
                    if text:
                        yield url, urljoin(url, _encoded(name)) if _is_relative(name) else name, text
                elif (code := _next_module(url, path, name)) is not None and code[0] not in seen:
                    seen.add(code[0])
                    todo.append(code)

    def _data_file(self, name: str, importer: Path) -> Path | None:
        """Return the data file that an import means; None where it means code, or what may not be read."""
        bare = name.removesuffix("?module") if name.endswith(".wasm?module") else name
        if name in self._own or ":" in name or not (_is_relative(name) or kind_of(bare)):
            return None
        if not _is_relative(name):
            found = package_file(bare, importer, "import")
        else:
            found = importer.parent / unquote(bare)
            if not kind_of(bare):
                found = None if _code_file(found) is not None else found.with_name(found.name + ".json")
        return found if found is not None and is_readable(found, self._project) else None

    def _imports_of(self, path: Path) -> tuple[Import, ...]:
        try:
            state = _state(path)
            known = self._imports.get(path)
            if known is None or known[0] != state:
                known = self._imports[path] = (state, imports_of(path.read_text("utf-8", "replace")))
        except OSError:
            return ()
        return known[1]

    def _module_of(self, file: Path, by_names: bool) -> str:
        try:
            state = _state(file)
            known = self._modules.get((file, by_names))
            if known is None or known[0] != state:
                text = module_of(file, self._main.parent, by_names=by_names)
                known = self._modules[file, by_names] = (state, text)
        except OSError:
            return ""
        return known[1]


def _next_module(url: str, path: Path, name: str) -> tuple[str, Path] | None:
    """Return a module of the project that an import means, under the URL that Deno gives it."""
    if not _is_relative(name):
        return None
    asked = path.parent / unquote(name)
    file = _code_file(asked)
    if file is None:
        return None
    # Deno makes the URL anew from the path where it looked for a suffix itself.
    return (
        urljoin(url, _encoded(name)) if file is asked else "file://" + quote(str(_plain(file)), _PLAIN)
    ), file


def _code_file(asked: Path) -> Path | None:
    """Return the file of code that an import's path means, suffixes left out or not."""
    if asked.suffix in _CODE and asked.is_file():
        return asked
    others = [asked.with_suffix(suffix) for suffix in _TYPESCRIPT.get(asked.suffix, ())]
    if asked.name:
        others += [asked.with_name(asked.name + suffix) for suffix in _CODE]
    others += [asked / f"index{suffix}" for suffix in _CODE]
    return next((one for one in others if one.is_file()), None)


def _plain(path: Path) -> Path:
    """Return the path without ``..``, links left as they are."""
    return Path(os.path.normpath(path))


def _is_relative(name: str) -> bool:
    return name.startswith(("./", "../")) or name in (".", "..")


def _encoded(name: str) -> str:
    path, mark, query = name.partition("?")
    return quote(path, _PLAIN + "%") + mark + query


def _state(path: Path) -> _State:
    status = path.stat()
    return status.st_mtime_ns, status.st_size, status.st_ino


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
