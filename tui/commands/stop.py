"""Ask a running engine to stop, and end it when it does not answer."""

import asyncio
import os
import signal
from pathlib import Path

from core.control.client import ControlClient, EngineGone
from core.runs import RunRecord, is_alive

ANSWER_TIMEOUT_S = 30.0
"""How long an engine may take to remove all its instances."""
END_TIMEOUT_S = 5.0
_LOOK_EVERY_S = 0.02


def stop_run(record: RunRecord) -> None:
    """Stop an engine: by its control socket, else by SIGTERM, else by SIGKILL; returns when it has ended."""
    asyncio.run(_stop(record))


async def _stop(record: RunRecord) -> None:
    if await _agreed(record) and await _has_ended(record):
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        if is_alive(record):
            os.kill(record.pid, number)
        if await _has_ended(record):
            return


async def _agreed(record: RunRecord) -> bool:
    """Ask the engine to stop; say whether it did what was asked."""
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            return (await ControlClient(Path(record.socket)).stop_engine()).ok
    except (EngineGone, TimeoutError):
        return False


async def _has_ended(record: RunRecord) -> bool:
    try:
        async with asyncio.timeout(END_TIMEOUT_S):
            while is_alive(record):
                await asyncio.sleep(_LOOK_EVERY_S)
    except TimeoutError:
        return False
    return True
