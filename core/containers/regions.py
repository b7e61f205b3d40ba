"""Watch over one region's driver: open it, notice its loss, and open it again when its engine is back."""

import asyncio
from collections.abc import Callable, Sequence

from core.containers.backoff import delay_s
from core.containers.drivers.protocol import Driver, DriverUnavailable
from core.events.bus import EventBus
from core.events.types import Notice, RegionChanged

OnLost = Callable[[str, DriverUnavailable], None]

LONGEST_WAIT_S = 1.0
"""Between two tries to open a driver: a refused connection costs nothing, and people wait for the engine."""


class RegionWatch:
    """Keep one region's driver open."""

    def __init__(self, region: str, driver: Driver, bus: EventBus) -> None:
        self.region = region
        self.driver = driver
        self.unavailable: DriverUnavailable | None = DriverUnavailable("the region is not open yet")
        """Why the driver cannot be used; None when it can."""
        self.running = asyncio.Event()
        """Set whenever a program begins to run here; cleared by the sampler when none does."""
        self._bus = bus
        self._on_lost: list[OnLost] = []
        self._on_ready: list[Callable[[], None]] = []
        self._reopening: asyncio.Task[None] | None = None
        self._closed = False

    def on_lost(self, callback: OnLost) -> None:
        """Call back with the region when its driver is lost, after the event."""
        self._on_lost.append(callback)

    def on_ready(self, callback: Callable[[], None]) -> None:
        """Call back whenever the driver can be used again, after the event."""
        self._on_ready.append(callback)

    async def open(self) -> None:
        """Open the driver; where that fails say so and go on trying in the background."""
        try:
            removed = await self.driver.open()
        except DriverUnavailable as error:
            self._is_unavailable(error)
        else:
            self._is_ready(removed)

    def lost(self, error: DriverUnavailable) -> None:
        """Take note that the engine below is gone; once is enough."""
        if self.unavailable is None and not self._closed:
            self._is_unavailable(error)
            for callback in self._on_lost:
                callback(self.region, error)

    async def close(self) -> None:
        """Stop watching and close the driver. Raises DriverUnavailable when its engine is gone."""
        self._closed = True
        if self._reopening is not None:
            self._reopening.cancel()
            await asyncio.gather(self._reopening, return_exceptions=True)
        await self.driver.close()

    def _is_ready(self, removed: Sequence[str]) -> None:
        self.unavailable = None
        if removed:
            self._say_removed(removed)
        self._bus.publish(
            RegionChanged(
                time_s=self._bus.now_s(), region=self.region, driver=self.driver.name, state="ready"
            )
        )
        for callback in self._on_ready:
            callback()

    def _say_removed(self, removed: Sequence[str]) -> None:
        """Tell what was left of an earlier run, or of the time before the engine was lost."""
        self._bus.publish(
            Notice(
                time_s=self._bus.now_s(),
                level="info",
                subject=self.region,
                message=f"removed what was left behind here: {', '.join(removed)}",
                advice="nothing to do: instances are started anew when a request needs them",
            )
        )

    def _is_unavailable(self, error: DriverUnavailable) -> None:
        self.unavailable = error
        self._say_unavailable(error)
        self._bus.publish(
            Notice(
                time_s=self._bus.now_s(),
                level="error",
                subject=self.region,
                message=error.message,
                advice=error.advice,
            )
        )
        self._reopening = asyncio.get_running_loop().create_task(self._reopen(), name=f"reopen {self.region}")

    def _say_unavailable(self, error: DriverUnavailable) -> None:
        self._bus.publish(
            RegionChanged(
                time_s=self._bus.now_s(),
                region=self.region,
                driver=self.driver.name,
                state="unavailable",
                message=error.message,
                advice=error.advice,
            )
        )

    async def _reopen(self) -> None:
        tries = 1
        while True:
            tries += 1
            await asyncio.sleep(min(delay_s(tries), LONGEST_WAIT_S))
            try:
                removed = await self.driver.open()
            except DriverUnavailable as error:
                if self.unavailable is None or error.message != self.unavailable.message:
                    self._say_unavailable(error)
                self.unavailable = error
            else:
                self._is_ready(removed)
                return
