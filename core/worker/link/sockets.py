"""The WebSockets of one isolate: its own towards visitors, and those of containers that it accepted."""

from websockets.exceptions import InvalidHandshake
from websockets.protocol import Side

from core.http.messages import Response
from core.http.tunnel import pump
from core.worker.link.connection import LinkConnection
from core.worker.link.frames import Kind
from core.worker.link.handshake import extensions_of
from core.worker.link.payloads import Closing, encode
from core.worker.link.websocket import SocketTunnel
from core.worker.link.work import Work, close_response


class Sockets:
    """Brings the frames of sockets to where they belong."""

    def __init__(self, link: LinkConnection) -> None:
        self._link = link
        self._open: dict[int, SocketTunnel] = {}

    def towards_visitor(self, number: int) -> SocketTunnel:
        """Return the visitor's end of a socket that the isolate made."""
        tunnel = SocketTunnel(Side.SERVER, self._link, number, lambda: self._forget(number))
        self._open[number] = tunnel
        self._link.send(Kind.ACCEPT, number)
        return tunnel

    def accept(self, number: int, works: dict[int, Work]) -> None:
        """Read a container's socket for the isolate from now on."""
        response = _take_offer(number, works)
        if response is None or response.tunnel is None:
            return
        try:
            extensions = extensions_of(response.headers)
        except InvalidHandshake:
            self._link.send(Kind.CLOSE, number, encode(Closing(1006)))
            self._link.spawn(close_response(response))
            return
        tunnel = SocketTunnel(Side.CLIENT, self._link, number, lambda: self._forget(number), extensions)
        self._open[number] = tunnel
        self._link.spawn(_bridge(response, tunnel))

    def take(self, kind: int, number: int, payload: bytes, works: dict[int, Work]) -> None:
        """Take MESSAGE or CLOSE; one for a socket that is over is late and means nothing."""
        tunnel = self._open.get(number)
        if tunnel is None:
            if kind == Kind.CLOSE and (response := _take_offer(number, works)) is not None:
                self._link.spawn(close_response(response))
        elif kind == Kind.MESSAGE:
            tunnel.take_message(payload)
        else:
            tunnel.take_close(payload)

    def lose(self) -> None:
        """Break off every socket: the isolate is gone."""
        for tunnel in list(self._open.values()):
            tunnel.break_off()

    def _forget(self, number: int) -> None:
        self._open.pop(number, None)


async def _bridge(response: Response, tunnel: SocketTunnel) -> None:
    assert response.tunnel is not None
    try:
        await pump(response.tunnel, tunnel)
    finally:
        if response.close is not None:
            await response.close()


def _take_offer(number: int, works: dict[int, Work]) -> Response | None:
    for work in works.values():
        if number in work.offered_sockets:
            return work.offered_sockets.pop(number)
    return None
