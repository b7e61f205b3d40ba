"""Where Deno is, and the command line that starts an isolate in it, shut off from the computer."""

import shutil
import sys
from pathlib import Path

from core.worker.runtime import WorkerFailed

ADVICE = (
    "Deno, which runs JavaScript Workers, is not installed here. It comes with: pip install 'deno>=2.9'; "
    "where no package of it fits this computer, run the Worker with workerd: --runtime workerd"
)
OUT_OF_MEMORY_SIGNS = ("Reached heap limit", "JavaScript heap out of memory", "JavaScript out of memory")


def find_deno() -> Path:
    """Return where Deno is. Raises WorkerFailed, with what to do, where it is not."""
    try:
        from deno import find_deno_bin  # type: ignore[import-untyped]

        return Path(find_deno_bin())
    except (ImportError, OSError) as error:
        raise WorkerFailed(ADVICE) from error


def isolate_command(
    deno: Path, *, entry: Path, import_map: Path, socket: Path, mark: Path, heap_limit_mib: int
) -> list[str]:
    """Return the command of one isolate.

    It may connect to its link and write its mark, and gives up both rights once it has: no file, no other
    address, no process, no environment, no code from strings. Settings of the project's own for Deno are
    not read; packages come from its node_modules, and none is fetched. Imports may leave out extensions, as
    Workers are used to from their bundler.
    """
    return [
        *_ends_with_the_engine(),
        str(deno),
        "run",
        "--quiet",
        "--no-prompt",
        "--no-remote",
        "--no-lock",
        "--no-check",
        "--no-config",
        "--ignore-env",
        "--node-modules-dir=manual",
        "--sloppy-imports",
        f"--import-map={import_map}",
        f"--v8-flags=--max-old-space-size={heap_limit_mib},--disallow-code-generation-from-strings",
        f"--allow-net=unix:{socket}",
        f"--allow-read={socket},{mark}",
        f"--allow-write={socket},{mark}",
        str(entry),
        str(socket),
        str(mark),
    ]


def environment(cache: Path) -> dict[str, str]:
    """Return the environment of an isolate's process: nothing of the engine's own."""
    return {
        "DENO_DIR": str(cache),
        "DENO_NO_UPDATE_CHECK": "1",
        "HOME": str(cache),
        "NO_COLOR": "1",
        "RUST_BACKTRACE": "0",
    }


def _ends_with_the_engine() -> list[str]:
    """Return what lets an isolate end even when it spins while the engine is killed.

    Elsewhere than on Linux one that spins then lives on; one that does not sees its link's end.
    """
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv is not None else []
