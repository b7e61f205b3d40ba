"""The bytes of a link give the same frames however they arrive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.worker.link.frames import HEADER, LONGEST_PAYLOAD_BYTES, Kind, frame
from core.worker.link.reader import BrokenLink, FrameReader

frames = st.lists(
    st.tuples(st.sampled_from(Kind), st.integers(0, 0xFFFF_FFFF), st.binary(max_size=40)), max_size=12
)


@given(frames, st.lists(st.integers(1, 30), min_size=1, max_size=40))
def test_any_split_of_the_bytes_gives_the_same_frames(
    sent: list[tuple[Kind, int, bytes]], cuts: list[int]
) -> None:
    data = b"".join(frame(*one) for one in sent)
    reader = FrameReader()
    got: list[tuple[int, int, bytes]] = []
    position = turn = 0
    while position < len(data):
        size = cuts[turn % len(cuts)]
        got += reader.feed(data[position : position + size])
        position += size
        turn += 1
    assert got == [(int(kind), number, payload) for kind, number, payload in sent]


def test_a_payload_beyond_the_limit_is_refused_before_it_arrives() -> None:
    reader = FrameReader()
    data = frame(Kind.PONG, 1) + HEADER.pack(LONGEST_PAYLOAD_BYTES + 1, Kind.LOG, 0)
    got: list[tuple[int, int, bytes]] = []
    with pytest.raises(BrokenLink, match="33,619,969 bytes"):
        got.extend(reader.feed(data))
    assert got == [(Kind.PONG, 1, b"")]


def test_the_longest_payload_passes() -> None:
    reader = FrameReader()
    payload = bytes(LONGEST_PAYLOAD_BYTES)
    assert [one[2] for one in reader.feed(frame(Kind.MESSAGE, 1, payload))] == [payload]
