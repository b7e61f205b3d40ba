"""How long an engine runs: until it is asked to stop, its time is over, or its output has no reader."""

import asyncio
import signal


class Lifetime:
    """Collect the first reason to stop; whoever waits is woken once."""

    def __init__(self) -> None:
        self._ended = asyncio.Event()
        self.reason = ""

    def end(self, reason: str) -> None:
        """Ask for the end; only the first reason counts."""
        if not self._ended.is_set():
            self.reason = reason
            self._ended.set()

    async def wait(self, for_s: float | None = None) -> str:
        """Return the reason when the end is asked for, or after ``for_s`` seconds."""
        try:
            async with asyncio.timeout(for_s):
                await self._ended.wait()
        except TimeoutError:
            self.end(f"its time of {for_s:g} s is over")
        return self.reason

    def end_on_signals(self) -> None:
        """End at SIGINT, SIGTERM and SIGHUP (a second one ends the process at once)."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._on_signal, number)

    def _on_signal(self, number: signal.Signals) -> None:
        asyncio.get_running_loop().remove_signal_handler(number)
        self.end(f"signal {number.name}")
