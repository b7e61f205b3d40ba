"""Cut the bytes of a link into frames, however they arrive; no input or output of its own."""

from collections.abc import Iterator

from core.worker.link.frames import HEADER, HEADER_BYTES, LONGEST_PAYLOAD_BYTES

Frame = tuple[int, int, bytes]
"""Kind, id and payload."""


class BrokenLink(Exception):
    """The other side sent something that is no frame, or one that it must not send."""


class FrameReader:
    """Holds the bytes of a frame that has not come in whole yet."""

    __slots__ = ("_needed_bytes", "_pieces", "_size")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0
        self._needed_bytes = HEADER_BYTES

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that are complete with ``data``; read it to its end. Raises BrokenLink."""
        if self._pieces:
            self._pieces.append(data)
            self._size += len(data)
            if self._size < self._needed_bytes:
                return
            data = b"".join(self._pieces)
            self._pieces = []
        start, end = 0, len(data)
        needed = HEADER_BYTES
        while end - start >= HEADER_BYTES:
            length, kind, identity = HEADER.unpack_from(data, start)
            if length > LONGEST_PAYLOAD_BYTES:
                raise BrokenLink(f"a frame of {length:,} bytes was announced")
            needed = HEADER_BYTES + length
            if end - start < needed:
                break
            yield kind, identity, data[start + HEADER_BYTES : start + needed]
            start += needed
            needed = HEADER_BYTES
        if start < end:
            self._pieces = [data[start:]]
            self._size = end - start
            self._needed_bytes = needed
