"""Load a Worker's module and find its ``Default``; say in one line what is wrong with it."""

import importlib.util
import itertools
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from core.worker.python.sdk import containers, workers

HANDLERS = ("fetch", "scheduled")
"""What a Worker's ``Default`` may handle."""

_numbers = itertools.count(1)


class LoadError(Exception):
    """The module cannot be used; the text names file, line and error."""


def load_module(main: Path, names: Mapping[str, Any]) -> ModuleType:
    """Run the Worker's module, its folder first on the path, ``names`` in its globals. Raises LoadError."""
    if not main.is_file():
        raise LoadError(f"{main.name}: no such file in {main.parent}")
    sys.modules.setdefault("workers", workers)
    # A name less their own than "workers": a Worker may well have a module of its own called so.
    if not any((main.parent / name).exists() for name in ("containers.py", "containers")):
        sys.modules.setdefault("containers", containers)
    folder = str(main.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    name = f"worker_module_{next(_numbers)}"
    spec = importlib.util.spec_from_file_location(name, main)
    if spec is None or spec.loader is None:
        raise LoadError(f"{main.name}: not a Python file; its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    module.__dict__.update(names)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise LoadError(describe(error, main.parent)) from error
    return module


def find_entrypoint(module: ModuleType, main: Path) -> type[Any]:
    """Return the module's ``Default``. Raises LoadError where there is none with a handler."""
    entrypoint = getattr(module, "Default", None)
    if not isinstance(entrypoint, type) or not any(
        callable(getattr(entrypoint, handler, None)) for handler in HANDLERS
    ):
        raise LoadError(
            f"{main.name} has no class Default with a fetch method; "
            "write: class Default(WorkerEntrypoint): async def fetch(self, request): …"
        )
    return entrypoint


def describe(error: BaseException, folder: Path) -> str:
    """Return file, line, kind and text of an error in the Worker's own code."""
    if isinstance(error, SyntaxError) and error.filename:
        place = f"{_shorten(error.filename, folder)}, line {error.lineno}"
        return f"{place}: {type(error).__name__}: {error.msg}"
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if _is_inside(frame.filename, folder)
    ]
    place = f"{_shorten(frames[-1].filename, folder)}, line {frames[-1].lineno}: " if frames else ""
    text = str(error)
    return f"{place}{type(error).__name__}{': ' + text if text else ''}"


def stack(error: BaseException, folder: Path) -> str:
    """Return the error's stack from the Worker's first own line on, files named from its folder."""
    start = error.__traceback__
    own = start
    while own is not None and not _is_inside(own.tb_frame.f_code.co_filename, folder):
        own = own.tb_next
    lines = traceback.format_exception(type(error), error, own or start)
    return "".join(lines).rstrip().replace(f'File "{folder}/', 'File "')


def report(error: BaseException, folder: Path) -> str:
    """Return in one line what happened, and the stack below it."""
    return f"{describe(error, folder)}\n{stack(error, folder)}"


def _is_inside(filename: str, folder: Path) -> bool:
    return Path(filename).is_relative_to(folder)


def _shorten(filename: str, folder: Path) -> str:
    return str(Path(filename).relative_to(folder)) if _is_inside(filename, folder) else filename
