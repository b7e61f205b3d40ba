"""The hop of one call of the Worker: open until the last byte of the call's answer has passed."""

import asyncio

from core.clock import Clock
from core.edge.streams import WatchedBody, close_body
from core.edge.trace import Span
from core.edge.visit import Visit
from core.events.types import HopName, Kind
from core.http.messages import Response


class OpenHop:
    """A hop within a visit; one that is never ended lasts as long as the request."""

    __slots__ = ("_clock", "_visit", "span")

    def __init__(
        self, visit: Visit, clock: Clock, name: HopName, kind: Kind, detail: str, sub_request: int
    ) -> None:
        self._visit = visit
        self._clock = clock
        self.span: Span = visit.trace.begin(name, self.now_ms(), kind, detail, sub_request)

    def now_ms(self) -> float:
        """Return the time since the request's arrival."""
        return self._visit.elapsed_ms(self._clock.now_s())

    def end(self) -> None:
        """End it; its first end counts."""
        self._visit.trace.end(self.span, self.now_ms())

    def until_last_byte(self, response: Response, whose: str) -> Response:
        """Return the response so that the hop ends with it; ``whose`` says it in an error's text."""
        if response.tunnel is not None:
            return response
        if response.body is None:
            self.end()
            return response
        body, close = response.body, response.close

        async def on_end(error: BaseException | None) -> None:
            self.end()
            if error is not None and not isinstance(error, asyncio.CancelledError):
                self._visit.error = f"{whose} answer broke off: {error}"

        async def close_early() -> None:
            self.end()
            if close is not None:
                await close()
            else:
                await close_body(body)

        response.body = WatchedBody(body, None, on_end)
        response.close = close_early
        return response
