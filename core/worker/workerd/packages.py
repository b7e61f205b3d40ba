"""Find what a bare import names: a file of a package, by package.json, as bundlers for Workers do."""

import json
from pathlib import Path
from typing import Any, Literal

CONDITIONS = frozenset({"workerd", "worker", "browser", "module", "default"})
"""The conditions of ``exports`` that hold beside ``import`` or ``require``; wrangler's choice."""
_MAIN_FIELDS = ("module", "main")

How = Literal["import", "require"]


def package_file(specifier: str, importer: Path, how: How) -> Path | None:
    """Return the path, maybe without its suffix, that a bare ``specifier`` means in the file ``importer``."""
    if specifier.startswith("#"):
        return _inner(specifier, importer, how)
    name, subpath = _split(specifier)
    for place in importer.parents:
        package = place / "node_modules" / name
        if package.is_dir():
            return _in_package(package, subpath, how)
    own = enclosing_package(importer)
    if own is not None and read_package(own).get("name") == name and "exports" in read_package(own):
        return _in_package(own, subpath, how)
    return None


def enclosing_package(file: Path) -> Path | None:
    """Return the nearest folder above a file that has a package.json."""
    for place in file.parents:
        if (place / "package.json").is_file():
            return place
    return None


def read_package(folder: Path) -> dict[str, Any]:
    """Return what a folder's package.json says; nothing where it is broken or missing."""
    try:
        found = json.loads((folder / "package.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _split(specifier: str) -> tuple[str, str]:
    parts = specifier.split("/")
    length = 2 if specifier.startswith("@") else 1
    return "/".join(parts[:length]), "/".join(parts[length:])


def _inner(specifier: str, importer: Path, how: How) -> Path | None:
    folder = enclosing_package(importer)
    if folder is None:
        return None
    target = _match(read_package(folder).get("imports"), specifier, how)
    if target is None:
        return None
    return folder / target if target.startswith("./") else package_file(target, importer, how)


def _in_package(package: Path, subpath: str, how: How) -> Path | None:
    manifest = read_package(package)
    exports = manifest.get("exports")
    if exports is not None:
        if not (isinstance(exports, dict) and any(key.startswith(".") for key in exports)):
            exports = {".": exports}
        target = _match(exports, f"./{subpath}" if subpath else ".", how)
        return None if target is None else package / target
    if subpath:
        return package / subpath
    for field in _MAIN_FIELDS:
        if isinstance(manifest.get(field), str):
            return package / str(manifest[field])
    return package / "index"


def _match(table: Any, key: str, how: How) -> str | None:
    """Look up a key, or the longest pattern with a star that fits it."""
    if not isinstance(table, dict):
        return None
    if key in table and "*" not in key:
        return _target(table[key], how)
    fitting = [pattern for pattern in table if _fits(pattern, key)]
    if not fitting:
        return None
    best = max(fitting, key=lambda pattern: len(pattern.partition("*")[0]))
    before, _, after = best.partition("*")
    target = _target(table[best], how)
    return None if target is None else target.replace("*", key[len(before) : len(key) - len(after)])


def _fits(pattern: str, key: str) -> bool:
    before, star, after = pattern.partition("*")
    long_enough = len(key) >= len(before) + len(after)
    return bool(star) and long_enough and key.startswith(before) and key.endswith(after)


def _target(value: Any, how: How) -> str | None:
    """Return the first target whose conditions hold, in the order of the file."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return next((found for one in value if (found := _target(one, how)) is not None), None)
    if isinstance(value, dict):
        for condition, inner in value.items():
            if condition == how or condition in CONDITIONS:
                found = _target(inner, how)
                if found is not None:
                    return found
    return None
