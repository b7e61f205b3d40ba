"""One request inside a Worker: its trace id, its CPU time, its log, its count of sub-requests."""

import contextvars
from collections.abc import Awaitable, Callable, MutableSequence
from typing import Any, Literal

LogLevel = Literal["log", "warning", "error", "exception"]

LOG_LIMIT_BYTES = 256 * 1024
"""The platform keeps so much log of one request."""
SUB_REQUEST_LIMIT = 10_000
"""The platform's limit of a paid plan."""

Release = Callable[[], Awaitable[None]]
LogSink = Callable[[str, LogLevel, str], None]
"""Takes trace id, level and text."""


class CpuLimitExceeded(BaseException):
    """The request used more CPU time than it may; not an Exception, so that a Worker does not catch it."""

    def __str__(self) -> str:
        return "more CPU time was used than the limit allows"


class Visit:
    """The state of one request; ``trace_id`` is empty for what happens outside of requests.

    ``number`` is the request's on the link to the engine; ``marks`` is where the number of the request that
    is worked on is left for the engine to see, and beside it the highest that was begun.
    """

    def __init__(
        self,
        trace_id: str,
        log: LogSink,
        cpu_limit_ms: float = float("inf"),
        *,
        sub_request_limit: int = SUB_REQUEST_LIMIT,
        number: int = 0,
        marks: MutableSequence[int] | memoryview | None = None,
    ) -> None:
        self.trace_id = trace_id
        self.number = number
        self.marks = [0, 0] if marks is None else marks
        self.cpu_s = 0.0
        self.send_outside: Callable[[Any], Awaitable[Any]] = _nowhere
        """Carries a request of the Worker's own ``fetch`` to the outside."""
        self.wait_until: Callable[[Awaitable[Any]], None] = _not_now
        """Lets work go on after the response."""
        self._sub_request_limit = sub_request_limit
        self._cpu_limit_s = cpu_limit_ms / 1000
        self._log = log
        self._log_left_bytes = LOG_LIMIT_BYTES
        self._sub_requests = 0
        self._counted = 0
        self._partial: dict[LogLevel, str] = {}
        self._releases: list[Release] = []
        self._background = 0
        self._finished = False

    @property
    def over_limit(self) -> bool:
        """Say whether the CPU limit is passed."""
        return self.cpu_s > self._cpu_limit_s

    def next_sub_request(self, *, counted: bool = True) -> int:
        """Return the number of one more call. Raises RuntimeError past the limit of those that count."""
        if counted and self._counted >= self._sub_request_limit:
            raise RuntimeError(
                f"Too many subrequests by single Worker invocation: it may make {self._sub_request_limit:,}"
            )
        self._counted += counted
        self._sub_requests += 1
        return self._sub_requests

    def begin(self) -> None:
        """Let the engine see that the request is begun on."""
        self.marks[0] = self.number
        self.marks[1] = max(self.marks[1], self.number)

    def log(self, level: LogLevel, text: str) -> None:
        """Log a line, while the limit allows."""
        if self._log_left_bytes < 0:
            return
        if self.trace_id:
            self._log_left_bytes -= len(text.encode("utf-8", "replace"))
            if self._log_left_bytes < 0:
                self._log(
                    self.trace_id,
                    "warning",
                    f"log limit of {LOG_LIMIT_BYTES // 1024} KB: the rest is left out",
                )
                return
        self._log(self.trace_id, level, text)

    def write(self, level: LogLevel, text: str) -> None:
        """Take output as it is written, and log each line once it is complete."""
        *lines, rest = (self._partial.pop(level, "") + text).split("\n")
        for line in lines:
            self.log(level, line)
        if rest:
            self._partial[level] = rest

    def flush(self) -> None:
        """Log what was written without a line's end."""
        for level in list(self._partial):
            self.log(level, self._partial.pop(level))

    def hold(self, release: Release) -> None:
        """Note what must be let go of once the request and its background work are done."""
        self._releases.append(release)

    def enter_background(self) -> None:
        """Count one more piece of work that may outlive the response."""
        self._background += 1

    async def leave_background(self) -> None:
        """Count it out again."""
        self._background -= 1
        await self._settle()

    async def finish(self) -> None:
        """Log what is left and let go of responses that the Worker did not read."""
        self._finished = True
        await self._settle()

    async def _settle(self) -> None:
        self.flush()
        if self._finished and not self._background:
            while self._releases:
                await self._releases.pop()()


async def _nowhere(_: Any) -> Any:
    raise RuntimeError("nothing outside can be reached from here")


def _not_now(_: Awaitable[Any]) -> None:
    raise RuntimeError("no request is being answered")


CURRENT: contextvars.ContextVar[Visit | None] = contextvars.ContextVar("visit", default=None)
"""The request that the running code belongs to; tasks inherit it."""
