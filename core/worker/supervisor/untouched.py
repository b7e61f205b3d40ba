"""Bodies and tunnels that notice when they are first used; each passes everything on unchanged."""

from collections.abc import AsyncIterator
from typing import Protocol

from core.http.errors import ConnectionLost
from core.http.messages import Response, Tunnel
from core.worker.supervisor.remembered import Call, release


class Lender(Protocol):
    """Who hands responses out, and takes back what was not touched."""

    attempt: int

    def let_go(self, call: Call, attempt: int) -> None:
        """Take back a response that the isolate has not touched and does not want."""


class TouchedBody:
    """A visitor's body; ``touched`` once a piece was asked for."""

    __slots__ = ("_source", "touched")

    def __init__(self, source: AsyncIterator[bytes]) -> None:
        self._source = source
        self.touched = False

    def __aiter__(self) -> "TouchedBody":
        return self

    async def __anext__(self) -> bytes:
        self.touched = True
        return await self._source.__anext__()

    async def aclose(self) -> None:
        """Let go of the source, unless somebody else may still want it."""
        aclose = getattr(self._source, "aclose", None)
        if self.touched and aclose is not None:
            await aclose()


class Loan:
    """A response handed to one attempt at a request."""

    __slots__ = ("_attempt", "_body", "_call", "_lender", "_response", "_tunnel")

    def __init__(self, response: Response, call: Call, lender: Lender, attempt: int) -> None:
        self._response = response
        self._body = response.body
        self._tunnel = response.tunnel
        self._call = call
        self._lender = lender
        self._attempt = attempt

    def __aiter__(self) -> "Loan":
        return self

    async def __anext__(self) -> bytes:
        self._touch()
        assert self._body is not None
        return await self._body.__anext__()

    async def aclose(self) -> None:
        """Let go of the body."""
        await self.close()

    async def read(self) -> bytes:
        """Return the next bytes of the tunnel."""
        return await self._opened().read()

    async def write(self, data: bytes) -> None:
        """Send bytes through the tunnel."""
        await self._opened().write(data)

    async def write_eof(self) -> None:
        """Send the end of this side of the tunnel."""
        await self._opened().write_eof()

    async def close(self) -> None:
        """Free the response; one that is untouched may go to another isolate instead."""
        if not self._call.touched:
            self._lender.let_go(self._call, self._attempt)
        elif self._attempt == self._call.attempt:
            await release(self._response)

    def _touch(self) -> None:
        call = self._call
        if call.attempt != self._attempt:
            raise ConnectionLost("this response went to another isolate")
        call.touched = True

    def _opened(self) -> Tunnel:
        self._touch()
        assert self._tunnel is not None
        return self._tunnel


def hand_out(response: Response, call: Call, lender: Lender, attempt: int) -> Response:
    """Return the response as one attempt gets it; what has neither body nor tunnel passes as it is."""
    if response.body is None and response.tunnel is None:
        return response
    loan = Loan(response, call, lender, attempt)
    body = loan if response.body is not None else None
    tunnel = loan if response.tunnel is not None else None
    return Response(response.status, response.headers, body, tunnel, loan.close)
