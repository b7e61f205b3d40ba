"""The head of a request: whatever goes in, one parsable head comes out or a ValueError."""

from typing import Any

import httptools
from hypothesis import given
from hypothesis import strategies as st

from core.http.messages import Headers, Request, one_chunk
from core.http.request_head import CHUNKED, encode_head

TOKENS = st.text("abcXYZ-09", min_size=1, max_size=12).map(str.encode)
VALUES = st.binary(max_size=20)
FIELDS = st.lists(st.tuples(TOKENS, VALUES), max_size=8)
TARGETS = st.text(max_size=30).map(lambda text: "/" + text)


class Seen:
    """What a server's parser makes of the bytes."""

    def __init__(self) -> None:
        self.fields: Headers = []
        self.messages = 0
        self.url = b""

    def on_message_begin(self) -> None:
        self.messages += 1

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))


@given(TARGETS, FIELDS)
def test_a_head_is_one_request_with_the_fields_given_or_refused(target: str, fields: Headers) -> None:
    try:
        head, _ = encode_head(Request("GET", target, fields), ("a", 1))
    except (ValueError, UnicodeEncodeError):
        return
    assert head.count(b"\r\n\r\n") == 1
    assert head.endswith(b"\r\n\r\n")
    lines = head[:-4].split(b"\r\n")
    assert lines[0] == b"GET " + target.encode("latin-1") + b" HTTP/1.1"
    kept = [name + b": " + value for name, value in fields]
    assert [line for line in lines[1:] if line in kept] == kept
    assert len(lines) - 1 - len(kept) == 1


@given(
    st.lists(st.tuples(TOKENS, st.text("abc 123", max_size=10).map(str.encode)), max_size=8), st.booleans()
)
def test_a_parser_reads_back_what_was_written(fields: Headers, has_body: bool) -> None:
    request = Request("POST", "/x", fields, one_chunk(b"x") if has_body else None)
    head, length = encode_head(request, "socket")
    seen = Seen()
    parser: Any = httptools.HttpRequestParser(seen)
    parser.feed_data(head)
    assert (seen.messages, seen.url) == (1, b"/x")
    added = [(b"host", b"localhost")]
    added.append((b"transfer-encoding", b"chunked") if has_body else (b"content-length", b"0"))
    expected = [(name, value.strip()) for name, value in fields]
    assert [(name, value.strip()) for name, value in seen.fields] == expected + added
    assert length == (CHUNKED if has_body else 0)
