"""How long an engine runs."""

import asyncio
import os
import signal

from core.clock import VirtualClock, run_virtual
from core.lifetime import Lifetime


def test_the_end_comes_after_the_given_time() -> None:
    clock = VirtualClock()
    assert run_virtual(Lifetime().wait(30.0), clock) == "its time of 30 s is over"
    assert clock.now_s() == 30.0


async def test_only_the_first_reason_counts() -> None:
    lifetime = Lifetime()
    lifetime.end("first")
    lifetime.end("second")
    assert await lifetime.wait() == "first"


async def test_a_signal_is_the_end() -> None:
    lifetime = Lifetime()
    lifetime.end_on_signals()
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(5):
            assert await lifetime.wait() == "signal SIGTERM"
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().remove_signal_handler(number)
