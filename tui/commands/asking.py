"""Ask a running engine for something, and tell what it answers."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from core.control.client import ControlClient, EngineGone
from core.control.messages import Reply
from core.runs import RunRecord
from tui.commands import CommandFailed
from tui.commands.targets import choose_run, living_runs, name_here

ANSWER_TIMEOUT_S = 30.0
"""How long an engine may take to answer."""

Question = Callable[[ControlClient], Awaitable[Reply]]


def ask(name: str | None, question: Question) -> int:
    """Ask the deployment ``name``, or the one that is meant without a name, and print what was done.

    Raises CommandFailed: with 2 where no such deployment runs, with 1 where its engine refuses or is gone.
    """
    record = choose_run(name, living_runs(), name_here())
    reply = asyncio.run(_answer(record, question))
    if not reply.ok:
        raise CommandFailed(reply.message)
    print(reply.message)
    return 0


async def _answer(record: RunRecord, question: Question) -> Reply:
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            return await question(ControlClient(Path(record.socket)))
    except EngineGone as gone:
        raise CommandFailed(str(gone)) from None
    except TimeoutError:
        raise CommandFailed(
            f"the engine of {record.deployment} (process {record.pid}) did not answer within "
            f"{ANSWER_TIMEOUT_S:g} s; hybrid-tui down {record.deployment} ends it"
        ) from None
