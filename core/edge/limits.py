"""The limit on a request's body; URL and header fields have theirs where the connection is read."""

from core.edge.streams import OnBytes
from core.edge.visit import Visit
from core.http.messages import Headers, find_header

MEGABYTE = 1_000_000


class BodyTooLong(Exception):
    """A request's body turned out longer than is allowed; what reads it gets no more."""


class BodyLimit:
    """Holds the bodies of requests to a length."""

    def __init__(self, limit_mb: int) -> None:
        self._bytes = limit_mb * MEGABYTE
        self._text = f"the request's body is longer than {limit_mb} MB (worker.limits.request_body_mb)"

    def hold(self, visit: Visit, headers: Headers) -> bool:
        """Say whether the length that the headers announce is allowed, and note it when not."""
        announced = find_header(headers, b"content-length")
        if announced is None or not announced.isdigit() or int(announced) <= self._bytes:
            return True
        visit.too_long = self._text
        return False

    def counter(self, visit: Visit) -> OnBytes:
        """Return what counts the body's bytes as they come; it raises BodyTooLong when they are too many."""

        def count(number: int) -> None:
            visit.count_request_bytes(number)
            if visit.request_bytes > self._bytes:
                visit.too_long = self._text
                raise BodyTooLong(self._text)

        return count
