"""A WebSocket whose one end is bytes on a connection and whose other end is frames of the link."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from websockets.exceptions import ProtocolError
from websockets.extensions import Extension
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import Protocol, Side, State

from core.worker.link.connection import LinkConnection
from core.worker.link.frames import LONGEST_MESSAGE_BYTES, Kind
from core.worker.link.payloads import Closing, decode_closing, encode

CLOSE_GRACE_S = 10.0
"""How long the peer may take to answer a close."""
_LONGEST_QUEUE_BYTES = 2 * LONGEST_MESSAGE_BYTES
"""What may wait for a slow peer; a Worker cannot be made to wait, so the socket is broken off then."""
_TEXT, _BINARY = b"\x00", b"\x01"


class SocketTunnel:
    """The connection's end as a Tunnel: ``read`` gives what the peer is to get, ``write`` takes what it sent.

    ``number`` is the socket's on the link; ``on_over`` is called once when nothing more can come from here.
    """

    def __init__(
        self,
        side: Side,
        link: LinkConnection,
        number: int,
        on_over: Callable[[], None],
        extensions: Sequence[Extension] = (),
    ) -> None:
        self._protocol = Protocol(side, state=State.OPEN, max_size=LONGEST_MESSAGE_BYTES)
        self._protocol.extensions = list(extensions)
        self._link = link
        self._number = number
        self._on_over = on_over
        self._parts: list[bytes] = []
        self._kind = _TEXT
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._queue_ended = False
        self._broken = False
        self._told = False
        self._over = False
        self._reader: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def take_message(self, payload: bytes) -> None:
        """Send a message of the isolate to the peer; one after the close is lost, as on any WebSocket."""
        if self._protocol.state is not State.OPEN:
            return
        if payload[:1] == _TEXT:
            self._protocol.send_text(payload[1:])
        else:
            self._protocol.send_binary(payload[1:])
        self._collect()
        if self._queued_bytes > _LONGEST_QUEUE_BYTES:
            self.break_off()

    def take_close(self, payload: bytes) -> None:
        """Close towards the peer with the isolate's code and reason."""
        closing = decode_closing(payload)
        if closing.code == CloseCode.ABNORMAL_CLOSURE:
            self._told = True
            self.break_off()
        elif self._protocol.state is State.OPEN:
            self._send_close(closing)
            self._collect()
            self._timer = asyncio.get_running_loop().call_later(CLOSE_GRACE_S, self.break_off)
        self._maybe_over()

    def break_off(self) -> None:
        """End at once: the peer sees a lost connection, the isolate code 1006."""
        self._broken = True
        self._queue_ended = True
        self._tell(CloseCode.ABNORMAL_CLOSURE, "")
        self._finish()
        self._wake()

    async def read(self) -> bytes:
        """Return the next bytes for the peer; empty at the end. Raises ConnectionError when broken off."""
        while not self._queue:
            if self._broken:
                raise ConnectionResetError("the WebSocket was broken off")
            if self._queue_ended:
                return b""
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        data = b"".join(self._queue)
        self._queue.clear()
        self._queued_bytes = 0
        return data

    async def write(self, data: bytes) -> None:
        """Take bytes of the peer, waiting while the isolate is slow."""
        self._protocol.receive_data(data)
        self._take_events()
        if self._link.is_full:
            await self._link.drain()

    async def write_eof(self) -> None:
        """Note that nothing more comes from the peer."""
        self._protocol.receive_eof()
        self._take_events()
        self._tell(CloseCode.ABNORMAL_CLOSURE, "")
        self._queue_ended = True
        self._finish()
        self._wake()

    async def close(self) -> None:
        """Let go of the peer."""
        self._queue_ended = True
        self._tell(CloseCode.ABNORMAL_CLOSURE, "")
        self._finish()
        self._wake()

    def _take_events(self) -> None:
        for event in self._protocol.events_received():
            assert isinstance(event, Frame)
            if event.opcode is Opcode.CLOSE:
                closed = self._protocol.close_rcvd
                assert closed is not None
                self._tell(closed.code, closed.reason)
            elif event.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                self._take_part(event)
        if self._protocol.parser_exc is not None:
            self._tell(CloseCode.ABNORMAL_CLOSURE, "")
        self._collect()

    def _take_part(self, event: Frame) -> None:
        if event.opcode is not Opcode.CONT:
            self._kind = _TEXT if event.opcode is Opcode.TEXT else _BINARY
            self._parts = [self._kind]
        self._parts.append(bytes(event.data))
        if not event.fin:
            return
        message = b"".join(self._parts)
        self._parts = []
        if self._kind == _TEXT and not _is_utf8(message):
            self._protocol.fail(CloseCode.INVALID_DATA, "a text message is not UTF-8")
            self._tell(CloseCode.ABNORMAL_CLOSURE, "")
        elif not self._told:
            self._link.send(Kind.MESSAGE, self._number, message)

    def _send_close(self, closing: Closing) -> None:
        try:
            if closing.code == CloseCode.NO_STATUS_RCVD:
                self._protocol.send_close()
            else:
                self._protocol.send_close(closing.code, closing.reason)
        except ProtocolError:
            # A code that must not stand in a frame.
            self._protocol.send_close(CloseCode.INTERNAL_ERROR)

    def _tell(self, code: int, reason: str) -> None:
        if not self._told:
            self._told = True
            self._link.send(Kind.CLOSE, self._number, encode(Closing(int(code), reason)))

    def _collect(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._queue.append(data)
                self._queued_bytes += len(data)
            else:
                self._queue_ended = True
        self._wake()
        self._maybe_over()

    def _maybe_over(self) -> None:
        if self._told and self._protocol.state is State.CLOSED:
            self._finish()

    def _finish(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._over:
            self._over = True
            self._on_over()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
