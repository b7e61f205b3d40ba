"""``python -m tests.end_to_end.held_engine METHOD up …``: hybrid-tui whose drivers do not return from a call.

The real call is made and does its work; then the engine is told nothing of it, as if it were killed right
then. It says so on standard error, and a test kills it.
"""

import asyncio
import sys
from typing import Any

from core.containers.drivers.docker.driver import DockerDriver
from core.containers.drivers.process import ProcessDriver

HELD = "held: the call is done"


def hold(driver: type[Any], method: str) -> None:
    """Let a driver's method do its work and never return."""
    real = getattr(driver, method)

    async def held(self: Any, *words: Any) -> None:
        await real(self, *words)
        print(HELD, file=sys.stderr, flush=True)
        await asyncio.Event().wait()

    setattr(driver, method, held)


if __name__ == "__main__":
    from tui.cli import main

    method = sys.argv.pop(1)
    for driver in (DockerDriver, ProcessDriver):
        hold(driver, method)
    sys.exit(main())
