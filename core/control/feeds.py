"""What subscribers get: frames at their own pace, made once for all of them, and every event."""

import asyncio
import math
from dataclasses import dataclass

from core.control.connection import Connection, Tasks, encode_push
from core.control.messages import EventPush, FramePush
from core.events.bus import EventBus
from core.events.types import AnyEvent
from core.frames.fold import FrameFold
from core.frames.frame import Frame
from core.frames.parts import NOTHING, Counts, counts_of, newer_than

MAX_FRAMES_PER_SECOND = 30.0
MIN_FRAMES_PER_SECOND = 1 / 3600
QUIET_FRAME_S = 1.0
"""Without events a frame is still sent this often: rates decay and costs grow with time alone."""


@dataclass(slots=True)
class _FrameSubscriber:
    connection: Connection
    period_s: float
    next_s: float
    sent_sequence: int = -1
    sent_s: float = -math.inf
    known: Counts = NOTHING


class _Tick:
    """The frame of one moment, folded once and encoded once for all who know the same already."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._lines: dict[Counts, bytes] = {}
        self.counts = counts_of(frame)

    def line(self, known: Counts) -> bytes:
        """Return the line for a subscriber that has got this much of the run."""
        line = self._lines.get(known)
        if line is None:
            part, after = newer_than(self._frame, known)
            line = self._lines[known] = encode_push(FramePush(frame=part, after=after))
        return line


class FrameFeed:
    """Send frames to whoever subscribed; without subscribers nothing runs at all."""

    def __init__(self, bus: EventBus, fold: FrameFold) -> None:
        self._bus = bus
        self._fold = fold
        self._subscribers: dict[Connection, _FrameSubscriber] = {}
        self._tasks = Tasks()
        self._ticking = False
        self._wake = asyncio.Event()
        self.frames_made = 0
        """How many frames were folded, for all subscribers together."""

    def frame(self) -> Frame:
        """Return the frame of this moment."""
        return self._fold.frame(self._bus.now_s())

    def add(self, connection: Connection, per_second: float) -> None:
        """Send frames to a client, the first at once."""
        period_s = 1.0 / min(max(per_second, MIN_FRAMES_PER_SECOND), MAX_FRAMES_PER_SECOND)
        self._subscribers[connection] = _FrameSubscriber(connection, period_s, next_s=0.0)
        self._wake.set()
        if not self._ticking:
            self._ticking = True
            self._tasks.start(self._tick_until_nobody_listens())

    def remove(self, connection: Connection) -> None:
        """Send no more frames to a client."""
        self._subscribers.pop(connection, None)
        self._wake.set()

    async def close(self) -> None:
        """Send a last frame to those who have not seen the last events, and none to anybody after it."""
        tick: _Tick | None = None
        for one in self._subscribers.values():
            if one.sent_sequence != self._fold.sequence and one.connection.idle:
                tick = tick or self._tick()
                self._send(tick, one, one.sent_s)
        self._subscribers.clear()
        self._wake.set()
        await self._tasks.finish(QUIET_FRAME_S)

    async def _tick_until_nobody_listens(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._subscribers:
                self._wake.clear()
                self._send_due(loop.time())
                earliest_s = min(one.next_s for one in self._subscribers.values())
                await self._wait(earliest_s - loop.time())
        finally:
            self._ticking = False

    async def _wait(self, seconds: float) -> None:
        """Wait until the next frame is due, or until somebody has come or gone."""
        try:
            async with asyncio.timeout(max(seconds, 0.0)):
                await self._wake.wait()
        except TimeoutError:
            return

    def _send_due(self, now_s: float) -> None:
        tick: _Tick | None = None
        for one in self._subscribers.values():
            if one.next_s > now_s:
                continue
            one.next_s = _next_on_grid(now_s, one.period_s)
            changed = one.sent_sequence != self._fold.sequence or now_s - one.sent_s >= QUIET_FRAME_S - 1e-6
            if changed and one.connection.idle:
                tick = tick or self._tick()
                self._send(tick, one, now_s)

    def _send(self, tick: _Tick, one: _FrameSubscriber, now_s: float) -> None:
        one.connection.send(tick.line(one.known))
        one.known = tick.counts
        one.sent_sequence, one.sent_s = self._fold.sequence, now_s

    def _tick(self) -> _Tick:
        self.frames_made += 1
        return _Tick(self.frame())


class EventFeed:
    """Send every event to whoever subscribed; those of one turn of the loop go out in one write."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._subscribers: dict[Connection, int] = {}
        self._waiting: list[bytes] = []
        self._unsubscribe = bus.subscribe(self._on_event)

    def add(self, connection: Connection, command_id: int, reply: bytes) -> None:
        """Send a client the reply to its subscription, then every event from the next one on."""
        self._flush()  # what others still wait for happened before the frame of the reply
        connection.send(reply)
        self._subscribers[connection] = command_id

    def remove(self, connection: Connection) -> None:
        """Send no more events to a client."""
        self._subscribers.pop(connection, None)

    def close(self) -> None:
        """Send what waits, and listen to the bus no more."""
        self._unsubscribe()
        self._flush()
        self._subscribers.clear()

    def _on_event(self, event: AnyEvent) -> None:
        if not self._subscribers:
            return
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting.append(encode_push(EventPush(sequence=self._bus.sequence, event=event)))

    def _flush(self) -> None:
        lines, self._waiting = b"".join(self._waiting), []
        if not lines:
            return
        for connection, command_id in list(self._subscribers.items()):
            connection.send(lines)
            if connection.overrun:
                self.remove(connection)
                connection.cut_off(command_id)


def _next_on_grid(now_s: float, period_s: float) -> float:
    """Return the next multiple of the period, so that subscribers of one pace share their frames."""
    return (math.floor(now_s / period_s + 1e-6) + 1) * period_s
