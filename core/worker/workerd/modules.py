"""Where the Worker's modules are, and what they are: from an import as written to a file and its kind.

workerd asks for each module by a URL: ``file:///bundle/`` stands for the project's folder, ``file:///outside/``
for the rest of the file system, ``file:///hybrid-tui/`` for what this program brings.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from core.worker.workerd.commonjs import export_names, has_default, is_es_module
from core.worker.workerd.packages import How, enclosing_package, package_file, read_package

BUNDLE = "file:///bundle/"
OUTSIDE = "file:///outside/"
OWN = "file:///hybrid-tui/"
_PLAIN = "/@!$&'()*+,;=:~|[]"
"""What stands for itself in a URL's path, as workerd writes it (https://url.spec.whatwg.org/#path-state)."""
_CODE = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".mts", ".cjs", ".cts")
_TYPESCRIPT = {".js": ".ts", ".jsx": ".tsx", ".mjs": ".mts", ".cjs": ".cts"}
_TEXT = (".txt", ".html", ".sql", ".md")
_OTHER = {".json": "json", ".wasm": "wasm", ".bin": "data", **dict.fromkeys(_TEXT, "text")}
_HERE = Path(__file__).parent
_OWN_MODULES = {
    "@cloudflare/containers": _HERE.parent / "javascript" / "containers.js",
}
_OWN_FOLDERS = {"workerd/shim/": _HERE / "shim", "javascript/": _HERE.parent / "javascript"}


@dataclass(frozen=True, slots=True)
class Module:
    """A module as workerd's module service hands it out. ``kind`` is the name of workerd's field."""

    url: str
    kind: str
    content: str | bytes
    named_exports: tuple[str, ...] = ()


class Modules:
    """The modules of one project; ``folder`` is the project's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()

    def url_of(self, file: Path) -> str:
        """Return the URL under which workerd knows a file."""
        for name, own in _OWN_FOLDERS.items():
            if file.is_relative_to(own):
                return OWN + name + quote(file.relative_to(own).as_posix(), _PLAIN)
        if file.is_relative_to(self._folder):
            return BUNDLE + quote(file.relative_to(self._folder).as_posix(), _PLAIN)
        return OUTSIDE + quote(file.as_posix().lstrip("/"), _PLAIN)

    def file_of(self, url: str) -> Path | None:
        """Return the file that a URL stands for; None for another's URL."""
        if url.startswith(BUNDLE):
            return _normal(self._folder / unquote(url.removeprefix(BUNDLE)))
        if url.startswith(OUTSIDE):
            return _normal(Path("/") / unquote(url.removeprefix(OUTSIDE)))
        for name, own in _OWN_FOLDERS.items():
            if url.startswith(OWN + name):
                return _normal(own / unquote(url.removeprefix(OWN + name)))
        return None

    def resolve(self, written: str, referrer: str, how: How) -> Path | None:
        """Return the file that an import means, as written in the module ``referrer``; None for none."""
        if written in _OWN_MODULES:
            return _OWN_MODULES[written]
        if written.startswith("hybrid-tui/"):
            return self.file_of("file:///" + written)
        if written.startswith("file:"):
            found = self.file_of(written)
        else:
            importer = self.file_of(referrer)
            if importer is None:
                return None
            relative = written.startswith(("./", "../")) or written in (".", "..")
            bare = None if relative else package_file(written, importer, how)
            found = _normal(importer.parent / written) if relative else bare
        file = None if found is None else _existing(found)
        return file if file is not None and self._may_read(file) else None

    def load(self, file: Path) -> Module:
        """Read a module. Raises OSError, UnicodeDecodeError."""
        url, kind = self.url_of(file), _OTHER.get(file.suffix)
        if kind in ("wasm", "data"):
            return Module(url, kind, file.read_bytes())
        text = file.read_text("utf-8-sig")
        if kind is not None:
            return Module(url, kind, text)
        if _is_commonjs(file, text):
            return Module(url, "commonJsModule", text, self._names(file, text))
        return Module(url, "esModule", text)

    def _names(self, file: Path, text: str) -> tuple[str, ...]:
        def required(specifier: str) -> str | None:
            found = self.resolve(specifier, self.url_of(file), "require")
            return None if found is None or found.suffix not in _CODE else found.read_text("utf-8-sig")

        return tuple(export_names(text, required))

    def _may_read(self, file: Path) -> bool:
        """Let code come from anywhere, for projects share it; data from the project and its packages only."""
        inside = file.is_relative_to(self._folder) or "node_modules" in file.parts
        return file.suffix in _CODE or (inside and file.suffix in _OTHER)


def alias_of(module: Module, url: str, how: How) -> Module:
    """Return a module that hands on another's exports under the URL by which an importer asked for it.

    (Were it the module itself, or a redirection to it, workerd would make one more instance for each URL.)
    """
    target = json.dumps(module.url)
    if how == "require":
        return Module(url, "commonJsModule", f"module.exports = require({target});")
    hands_on = f"export * from {target};"
    if module.kind != "esModule" or has_default(str(module.content)):
        hands_on += f" export {{ default }} from {target};"
    return Module(url, "esModule", hands_on)


def _normal(path: Path) -> Path:
    """Resolve ``..`` by name alone: packages that are links keep the place where they were found."""
    parts: list[str] = []
    for part in path.parts[1:]:
        if part == ".." and parts:
            parts.pop()
        elif part not in ("..", "."):
            parts.append(part)
    return Path(path.anchor, *parts)


def _existing(path: Path) -> Path | None:
    """Return the file that a path means: itself, with a suffix, or a folder's index."""
    candidates = [path]
    if path.suffix in _TYPESCRIPT:
        candidates.append(path.with_suffix(_TYPESCRIPT[path.suffix]))
    candidates += [path.with_name(path.name + suffix) for suffix in (*_CODE, ".json")]
    if path.is_dir():
        main = read_package(path).get("main")
        candidates += [path / main] if isinstance(main, str) else []
        candidates += [path / f"index{suffix}" for suffix in _CODE]
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _is_commonjs(file: Path, text: str) -> bool:
    if file.suffix in (".ts", ".tsx", ".mts", ".mjs", ".jsx"):
        return False
    if file.suffix in (".cjs", ".cts"):
        return True
    package = enclosing_package(file)
    is_module = package is not None and read_package(package).get("type") == "module"
    return not is_module and not is_es_module(text)
