"""Where the console's frames come from: a live engine, or frames given by hand."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Protocol

from core.control.messages import InstanceActionName, Reply
from core.frames.frame import ColdStartTotals, CostFrame, Dropped, FlowTotals, Frame
from core.model.start_policies import StartPolicyName


class SourceGone(Exception):
    """There are no frames to be had now; the message says why. Asking again may work."""


class FrameSource(Protocol):
    """What the console shows and acts on."""

    def frames(self, per_second: float) -> AsyncIterator[Frame]:
        """Yield the frame of now, then changed ones, at most ``per_second``; raise SourceGone at the end."""
        ...

    async def act(self, action: InstanceActionName, instance: str) -> Reply:
        """Start, stop, restart or kill an instance. Raise SourceGone without an engine."""
        ...

    async def set_latency(self, scale: float) -> Reply:
        """Change the factor on emulated round trips. Raise SourceGone without an engine."""
        ...

    async def scale(self, container: str, region: str, instances: int | None) -> Reply:
        """Let a class have so many instances in a region; None gives it back to its policy."""
        ...

    async def set_start_policy(self, container: str, policy: StartPolicyName) -> Reply:
        """Start a class's instances in another way from now on."""
        ...

    async def stop_engine(self) -> Reply:
        """Stop the deployment and the engine; return when all is removed."""
        ...


class StillSource:
    """Frames given by hand, for tests and screenshots; remembers what it was asked to do."""

    def __init__(self, frames: Iterable[Frame] = ()) -> None:
        self._waiting: asyncio.Queue[Frame | SourceGone] = asyncio.Queue()
        for frame in frames:
            self._waiting.put_nowait(frame)
        self.asked: list[tuple[str, str]] = []
        self.rates: list[float] = []
        self.reply = Reply(id=0, message="done")

    def push(self, frame: Frame) -> None:
        """Give one more frame."""
        self._waiting.put_nowait(frame)

    def fail(self, message: str) -> None:
        """Let the source go away after the frames given so far."""
        self._waiting.put_nowait(SourceGone(message))

    async def frames(self, per_second: float) -> AsyncIterator[Frame]:
        """Yield the frames given so far, then those to come."""
        self.rates.append(per_second)
        while True:
            item = await self._waiting.get()
            if isinstance(item, SourceGone):
                raise item
            yield item

    async def act(self, action: InstanceActionName, instance: str) -> Reply:
        """Note what was asked and return the reply set beforehand."""
        self.asked.append((action, instance))
        return self.reply

    async def set_latency(self, scale: float) -> Reply:
        """Note the factor that was asked for."""
        self.asked.append(("latency", f"{scale:g}"))
        return self.reply

    async def scale(self, container: str, region: str, instances: int | None) -> Reply:
        """Note how many instances were asked for."""
        self.asked.append(("scale", f"{container} {region} {'auto' if instances is None else instances}"))
        return self.reply

    async def set_start_policy(self, container: str, policy: StartPolicyName) -> Reply:
        """Note the start policy that was asked for."""
        self.asked.append(("start_policy", f"{container} {policy}"))
        return self.reply

    async def stop_engine(self) -> Reply:
        """Note that the engine was to be stopped."""
        self.asked.append(("stop_engine", ""))
        return self.reply


def empty_frame() -> Frame:
    """Return the frame before the first one: nothing is known yet."""
    return Frame(
        time_s=0.0,
        sequence=0,
        deployment="",
        profile="",
        url="",
        version="",
        seed=0,
        latency_scale=1.0,
        state="starting",
        containers=(),
        regions=(),
        workers=(),
        flow=FlowTotals(
            requests_per_second=0.0,
            errors_per_second=0.0,
            p50_ms=0.0,
            p95_ms=0.0,
            worker_p50_ms=0.0,
            worker_cpu_mean_ms=0.0,
            edge_answers_per_second=0.0,
            container_answers_per_second=0.0,
            cold_waits_per_second=0.0,
            requests_total=0,
            errors_total=0,
            rate_history=(),
            edge_locations=(),
        ),
        requests=(),
        cold_starts=(),
        cold_start_totals=ColdStartTotals(
            count=0, failed=0, p50_ms=0.0, p95_ms=0.0, worst_ms=0.0, waited_total=0
        ),
        cost=CostFrame(
            book="",
            so_far_usd="0",
            rate_usd_per_hour="0",
            month_usd="0",
            idle_share=0.0,
            lines=(),
            rate_history_usd_per_hour=(),
        ),
        notices=(),
        dropped=Dropped(),
    )
