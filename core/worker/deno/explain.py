"""Why Deno could not load a Worker, from what it printed: file, line and error, without our own paths."""

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

_ERROR = "error: "
_PREFIXES = re.compile(r"^(error: |Uncaught |\(in promise\) )+")
_PLACE = re.compile(r"\bat (?:.*\()?(file://[^\s)]+):(\d+):(\d+)\)?$")
_URL = re.compile(r"file://[^\s\"')]+?(?=(?::\d+)*(?:[\s\"')]|\.?$))")
_NOT_INSTALLED = re.compile(r'^Import "([^"]+)" not a dependency')
_UNKNOWN_MODULE = re.compile(r"\b((?:cloudflare|workerd):[\w-]+)")
_REMOTE = re.compile(r'^A remote specifier was requested: "([^"]+)"')


def explain(output: Sequence[str], main: Path, own: Path) -> str:
    """Return one line: file, line, column and error. ``own`` is the folder of the engine's own modules."""
    start = next((index for index, line in enumerate(output) if line.startswith(_ERROR)), None)
    if start is None:
        said = "; ".join(line for line in output if line.strip())[-500:]
        return f"{main.name}: the Worker's process ended while it loaded" + (f": {said}" if said else "")
    lines = list(output)[start:]
    message = _advised(_shorten(_PREFIXES.sub("", lines[0]).rstrip("."), main.parent))
    for line in lines[1:]:
        place = _PLACE.search(line)
        if place is not None and not _path(place[1]).is_relative_to(own):
            return f"{_shorten(place[1], main.parent)}, line {place[2]}, column {place[3]}: {message}"
    return f"{main.name}: {message}"


def _advised(message: str) -> str:
    """Return a message with what to do about it, for the modules that are not there."""
    if found := _NOT_INSTALLED.search(message):
        package = found[1]
        return f'the package "{package}" is not in node_modules; install it: npm install {package}'
    if found := _REMOTE.search(message):
        return f'"{found[1]}" cannot be imported: modules come from the project and its node_modules'
    if found := _UNKNOWN_MODULE.search(message):
        return f'the module "{found[1]}" is not emulated; "cloudflare:workers" is'
    return message


def _shorten(text: str, folder: Path) -> str:
    """Return the text with each file named from the Worker's folder."""

    def name(found: "re.Match[str]") -> str:
        path = _path(found[0])
        return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)

    return _URL.sub(name, text)


def _path(url: str) -> Path:
    return Path(unquote(urlsplit(url).path))
