"""The answer on its way to the visitor: its bytes counted, its end noticed however it comes."""

from collections.abc import AsyncIterator

from core.edge.streams import WatchedBody, WatchedTunnel, close_body
from core.edge.visit import Visit
from core.edge.visits import CpuReport, Visits
from core.http.messages import Headers, Response, Tunnel, find_header

_WITHOUT_BODY = (204, 304)
"""Statuses whose answers end with their headers (RFC 9110, section 6.4.1); so do answers to HEAD."""


class AnswerWatch:
    """Watches one answer and ends its visit."""

    __slots__ = ("_cpu_time", "_visit", "_visits")

    def __init__(self, visits: Visits, visit: Visit, cpu_time: CpuReport) -> None:
        self._visits = visits
        self._visit = visit
        self._cpu_time = cpu_time

    async def watch(self, response: Response) -> Response:
        """Return the response as the visitor gets it; one without a body has ended here."""
        visit = self._visit
        visit.status = response.status
        headers = visit.fields.of_answer(response.headers)
        if response.tunnel is not None:
            tunnel = self._tunnel(response.tunnel)
            return Response(response.status, headers, None, tunnel, tunnel.close)
        if response.body is None or visit.method == "HEAD" or response.status in _WITHOUT_BODY:
            return await self._ended_here(response, headers)
        return self._streamed(response, response.body, headers)

    async def _ended_here(self, response: Response, headers: Headers) -> Response:
        if response.body is not None:
            await release(response)
        await self._visits.finish(self._visit, self._cpu_time)
        return Response(response.status, headers, None, None, response.close)

    def _streamed(self, response: Response, body: AsyncIterator[bytes], headers: Headers) -> Response:
        async def close() -> None:
            await self._close(response)

        self._visit.expected_bytes = _content_length(headers)
        watched = WatchedBody(body, self._visit.count_response_bytes, self._body_ended)
        return Response(response.status, headers, watched, None, close)

    def _tunnel(self, inner: Tunnel) -> WatchedTunnel:
        async def closed() -> None:
            await self._visits.finish(visit, self._cpu_time)

        visit = self._visit
        return WatchedTunnel(inner, visit.count_response_bytes, visit.count_request_bytes, closed)

    async def _body_ended(self, error: BaseException | None) -> None:
        visit = self._visit
        if error is None:
            await self._visits.finish(visit, self._cpu_time)
        elif visit.duration_ms is None:
            visit.note_failure(error)
            self._visits.finish_later(visit, self._cpu_time)

    async def _close(self, response: Response) -> None:
        """Let go of the answer; when it was not read to its end, its visitor has left."""
        ends_here = self._visits.end(self._visit)
        if ends_here:
            self._visit.note_leaving()
        try:
            await release(response)
        finally:
            if ends_here:
                await self._visits.publish(self._visit, self._cpu_time)


async def release(response: Response) -> None:
    """Let go of an answer that nobody reads to its end."""
    if response.close is not None:
        await response.close()
    else:
        await close_body(response.body)


def _content_length(headers: Headers) -> int | None:
    value = find_header(headers, b"content-length")
    return int(value) if value is not None and value.isdigit() else None
