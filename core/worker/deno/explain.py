"""Why a Worker could not be loaded, from what Deno said: file, line and error, without our own paths."""

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

_ERROR = "error: "
_PREFIXES = re.compile(r"^(?:error: |Uncaught |\(in promise\) )+")
_OF_THE_LOADER = re.compile(
    r"^TypeError: (?=SyntaxError: |Import \"|Module not found|A remote|Unsupported|Attempted|Expected a"
    r"|Requires (?:read|import))"
)
"""Deno's own wrapping of what a module could not be loaded for."""
_PLACE = re.compile(r"^\s*at (?:async )?(?:.+ \()?(.+?):(\d+):(\d+)\)?$")
_PLACE_BEHIND = re.compile(r"^(.+) at (\S+):(\d+):(\d+)$")
_URL = re.compile(r"file://[^\s\"')]+?(?=(?::\d+)*(?:[\s\"')]|\.?$))")
_NOT_INSTALLED = re.compile(r'^Import "([^"]+)" not a dependency')
_UNKNOWN_MODULE = re.compile(r'"((?:cloudflare|workerd):[^"]+)"')
_REMOTE = re.compile(r'^(?:A remote specifier was requested:|Requires import access to) "([^"]+)"')
NOT_READ_AHEAD = "cannot be imported by a name made at run time"
"""Said of a module that Deno had not read before it gave up its rights, or that changed since."""
_AT_RUN_TIME = re.compile(r'^Requires read access to "([^"]+)"')

_JSON = "Attempted to load JSON module without"
_UNKNOWN_KIND = "Expected a JavaScript or TypeScript module, but identified"


def explain_output(output: Sequence[str], main: Path, own: Path) -> str:
    """Return why the process ended, from what it printed; see ``explain``."""
    start = next((index for index, line in enumerate(output) if line.startswith(_ERROR)), None)
    if start is None:
        said = "; ".join(line for line in output if line.strip())[-500:]
        return f"{main.name}: the Worker's process ended while it loaded" + (f": {said}" if said else "")
    return explain(list(output)[start:], main, own)


def explain(lines: Sequence[str], main: Path, own: Path) -> str:
    """Return an error and its stack as one line: file, line, column and what is wrong.

    ``own`` is the folder of the engine's modules, whose places tell the user nothing.
    """
    first, *stack = lines
    message = _OF_THE_LOADER.sub("", _PREFIXES.sub("", first))
    if behind := _PLACE_BEHIND.match(message):
        message, stack = behind[1], [f"at {behind[2]}:{behind[3]}:{behind[4]}", *stack]
    message = _advised(_shorten(message.rstrip("."), main.parent), main.parent)
    for line in stack:
        place = _PLACE.match(line)
        if place is not None and not _path(place[1]).is_relative_to(own):
            return f"{_shorten(place[1], main.parent)}, line {place[2]}, column {place[3]}: {message}"
    return f"{main.name}: {message}"


def _advised(message: str, folder: Path) -> str:
    """Return a message with what to do about it, for modules that cannot be had."""
    if found := _NOT_INSTALLED.search(message):
        package = found[1]
        return f'the package "{package}" is not in node_modules; install it: npm install {package}'
    if found := _REMOTE.search(message):
        return f'"{found[1]}" cannot be imported: modules come from the project and its node_modules'
    if found := _UNKNOWN_MODULE.search(message):
        return f'the module "{found[1]}" is not emulated here; "cloudflare:workers" is'
    if message.startswith(_JSON):
        return (
            "JSON from outside the project, or in a package, is imported with its type named: "
            'import data from "../data.json" with { type: "json" }'
        )
    if message.startswith(_UNKNOWN_KIND):
        return "only code, .json, .txt, .html, .sql, .bin and .wasm of the project can be imported"
    if found := _AT_RUN_TIME.search(message):
        path = Path(found[1])
        name = path.relative_to(folder) if path.is_relative_to(folder) else path.name
        return (
            f'"{name}" {NOT_READ_AHEAD}, or with a type other than json: '
            'write the name into import("…"), without a type'
        )
    return message


def _shorten(text: str, folder: Path) -> str:
    """Return the text with each file named from the Worker's folder."""

    def name(found: "re.Match[str]") -> str:
        path = _path(found[0])
        return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)

    return _URL.sub(name, text) if "file://" in text else text


def _path(url: str) -> Path:
    return Path(unquote(urlsplit(url).path) if url.startswith("file://") else url)
