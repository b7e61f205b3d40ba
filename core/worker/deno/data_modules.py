"""JavaScript modules that stand for data files, as the platform's bundler makes them.

They hold what the files hold: an isolate may read nothing but modules, and Deno takes no text, bytes or
WebAssembly for one.
"""

import base64
import json
from pathlib import Path
from typing import Any

from core.worker.runtime import WorkerFailed

KINDS = {".json": "json", ".txt": "text", ".html": "text", ".sql": "text", ".bin": "bytes", ".wasm": "wasm"}
"""What files are by their suffix (wrangler's documentation of bundling, its default rules)."""


def kind_of(name: str) -> str:
    """Return what a file with this name is; empty where it is no data."""
    return KINDS.get(name[name.rfind(".") :], "") if "." in name else ""


def is_readable(file: Path, folder: Path) -> bool:
    """Say whether a file is data of the project in ``folder`` or of a package, links followed."""
    if not file.is_file():
        return False
    real = file.resolve()
    return kind_of(real.name) != "" and (real.is_relative_to(folder) or "node_modules" in real.parts)


def module_of(file: Path, folder: Path, *, by_names: bool) -> str:
    """Return the module that stands for a data file; ``by_names`` for JSON whose keys are exported too.

    Raises OSError, and WorkerFailed (file, line) for JSON that is broken.
    """
    kind = kind_of(file.name)
    if kind == "json":
        return _json_module(file, folder, by_names)
    if kind == "text":
        text = file.read_bytes().decode("utf-8-sig", "replace")
        return f"export default {json.dumps(text)};\n"
    data = f'Uint8Array.fromBase64("{base64.b64encode(file.read_bytes()).decode()}")'
    made = f"new WebAssembly.Module({data})" if kind == "wasm" else f"{data}.buffer"
    return f"export default {made};\n"


def _json_module(file: Path, folder: Path, by_names: bool) -> str:
    """Return the module of a JSON file; Deno itself does not say which file is broken, and where."""
    url = json.dumps(file.as_uri())
    try:
        value: Any = json.loads(file.read_text("utf-8-sig"))
    except json.JSONDecodeError as error:
        place = f"{_name(file, folder)}, line {error.lineno}, column {error.colno}"
        raise WorkerFailed(f"{place}: SyntaxError: this is not JSON: {error.msg}") from error
    except UnicodeDecodeError as error:
        raise WorkerFailed(f"{_name(file, folder)}: this is not text in UTF-8") from error
    lines = [f'import data from {url} with {{ type: "json" }};', "export default data;"]
    keys = [key for key in value if _is_name(key)] if by_names and isinstance(value, dict) else []
    for number, key in enumerate(keys):
        lines.append(f"const key{number} = data[{json.dumps(key)}];")
        lines.append(f"export {{ key{number} as {json.dumps(key)} }};")
    return "\n".join(lines) + "\n"


def _name(file: Path, folder: Path) -> Path | str:
    return file.relative_to(folder) if file.is_relative_to(folder) else file.name


def _is_name(key: str) -> bool:
    """Say whether a key may be the name of an export: any text but halves of surrogate pairs."""
    return key != "default" and not any("\ud800" <= character <= "\udfff" for character in key)
