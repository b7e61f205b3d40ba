"""A response that keeps its instance in flight until it is read to the end, closed or dropped."""

from collections.abc import AsyncIterator, Callable

from core.http.messages import Response, Tunnel


class _Once:
    """Call something one time only."""

    def __init__(self, release: Callable[[], None]) -> None:
        self._release: Callable[[], None] | None = release

    def __call__(self) -> None:
        release, self._release = self._release, None
        if release is not None:
            release()

    def __del__(self) -> None:
        # A response that nobody reads or closes must not keep its instance awake for ever.
        self()


class _HeldBody:
    """Pass a body on and let go at its end."""

    def __init__(self, body: AsyncIterator[bytes], release: _Once) -> None:
        self._body = body
        self._release = release

    def __aiter__(self) -> "_HeldBody":
        return self

    async def __anext__(self) -> bytes:
        try:
            return await self._body.__anext__()
        except BaseException:
            self._release()
            raise


class _HeldTunnel:
    """Pass an upgraded connection on and let go when it is closed."""

    def __init__(self, tunnel: Tunnel, release: _Once) -> None:
        self._tunnel = tunnel
        self._release = release

    async def read(self) -> bytes:
        return await self._tunnel.read()

    async def write(self, data: bytes) -> None:
        await self._tunnel.write(data)

    async def write_eof(self) -> None:
        await self._tunnel.write_eof()

    async def close(self) -> None:
        try:
            await self._tunnel.close()
        finally:
            self._release()


def hold(response: Response, release: Callable[[], None]) -> Response:
    """Return the response so wrapped that ``release`` is called once, when it is over."""
    once = _Once(release)
    inner_close = response.close

    async def close() -> None:
        try:
            if inner_close is not None:
                await inner_close()
        finally:
            once()

    if response.tunnel is not None:
        tunnel = _HeldTunnel(response.tunnel, once)
        return Response(response.status, response.headers, response.body, tunnel, close)
    if response.body is None:
        once()
        return response
    return Response(response.status, response.headers, _HeldBody(response.body, once), None, close)
