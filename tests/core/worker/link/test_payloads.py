"""Header fields and bodies go through a frame's JSON as they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.worker.link import payloads
from core.worker.link.payloads import BodyPlace, SocketPlace

headers = st.lists(st.tuples(st.binary(), st.binary()), max_size=8)


@given(headers)
def test_any_bytes_of_a_field_come_through(sent: list[tuple[bytes, bytes]]) -> None:
    text = payloads.encode(payloads.ResponseHead(status=200, headers=payloads.to_fields(sent)))
    assert b"\n" not in text
    assert payloads.to_headers(payloads.decode_response(text).headers) == sent


def test_text_beyond_latin1_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        payloads.to_headers([("x", "\u20ac")])


@given(st.binary())
def test_an_inline_body_stands_behind_the_first_line_feed(body: bytes) -> None:
    assert payloads.split(b"{}\n" + body) == (b"{}", body)


def test_without_a_line_feed_there_is_no_inline_body() -> None:
    assert payloads.split(b"{}") == (b"{}", b"")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b"null", None),
        (b'{"inline": true}', BodyPlace(inline=True)),
        (b'{"pass": 3}', BodyPlace(passed=3)),
        (b'{"stream": 4}', BodyPlace(stream=4)),
    ],
)
def test_a_body_has_its_place(text: bytes, place: BodyPlace | None) -> None:
    answer = payloads.decode_answer(b'{"status": 200, "headers": [], "body": ' + text + b"}")
    assert answer.body == place


def test_a_socket_says_whose_it_is() -> None:
    answer = payloads.decode_answer(b'{"status": 101, "headers": [], "socket": {"own": 2}}')
    assert answer.socket == SocketPlace(own=2)
