"""Bodies that leave an isolate: passed on by number where the Worker has not read them, else sent."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from core.http.errors import BodyLost
from core.worker.link.connection import LinkConnection
from core.worker.link.payloads import BodyPlace
from core.worker.link.streams import ReceivedBody, close_body
from core.worker.python.loader import report
from core.worker.python.metering import metered
from core.worker.python.sdk.workers.body import BodyStream, Whole
from core.worker.python.visit import CURRENT, CpuLimitExceeded, Visit

LONGEST_INLINE_BYTES = 256 * 1024
"""A longer body goes as a stream, so that it waits for its reader."""


@dataclass(frozen=True, slots=True)
class Socket:
    """The engine's number of a connection that a container has switched to WebSocket."""

    number: int


class MeteredBody(AsyncIterator[bytes]):
    """A body that the Worker's own code makes: each step is charged to its request, and belongs to it."""

    def __init__(self, body: AsyncIterator[bytes], visit: Visit, folder: Path) -> None:
        self._body = body
        self._visit = visit
        self._folder = folder

    async def __anext__(self) -> bytes:
        CURRENT.set(self._visit)
        try:
            return await metered(anext(self._body), self._visit)
        except (StopAsyncIteration, BodyLost):
            raise
        except CpuLimitExceeded as error:
            text = "the CPU limit was passed while the body was being made"
            self._visit.log("error", text)
            raise RuntimeError(text) from error
        except Exception as error:
            self._visit.log("exception", report(error, self._folder))
            raise

    async def aclose(self) -> None:
        """Let go of the Worker's iterator."""
        CURRENT.set(self._visit)
        try:
            await metered(close_body(self._body), self._visit)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._visit.log("exception", report(error, self._folder))


def place_body(
    link: LinkConnection,
    body: AsyncIterator[bytes] | None,
    visit: Visit,
    folder: Path,
    then: Callable[[], Awaitable[None]] | None = None,
) -> tuple[BodyPlace | None, bytes]:
    """Say where a body is found, and what of it goes with the frame; it counts as read from now on.

    ``then`` is called when a body that is sent from here is over.
    """
    if body is None:
        return None, b""
    source = body.source if isinstance(body, BodyStream) and not body.started else body
    if isinstance(body, BodyStream):
        body.started = True
    if isinstance(source, ReceivedBody) and source.untouched:
        return BodyPlace(passed=source.pass_on()), b""
    if isinstance(source, Whole) and len(source.data) <= LONGEST_INLINE_BYTES:
        return BodyPlace(inline=True), source.data
    made = MeteredBody(body, visit, folder)

    async def over() -> None:
        await made.aclose()
        if then is not None:
            await then()

    return BodyPlace(stream=link.send_body(made, over)), b""


def with_body(head: bytes, inline: bytes) -> bytes:
    """Return the payload of a frame: its JSON, and an inline body behind it."""
    return head + b"\n" + inline if inline else head
