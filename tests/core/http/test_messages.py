"""Requests and responses: paths without their query, fields found in any case, small answers whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.http.messages import Headers, Request, find_header, one_chunk, text_response

FIELDS: Headers = [(b"Host", b"shop"), (b"X-City", b"Tokyo"), (b"x-city", b"Osaka"), (b"empty", b"")]
paths = st.from_regex(r"/[a-z/]{0,12}", fullmatch=True)


@given(paths, st.text("abc=&?/", max_size=12))
def test_a_path_never_holds_the_query(path: str, query: str) -> None:
    assert Request("GET", f"{path}?{query}").path == path
    assert Request("GET", path).path == path


@pytest.mark.parametrize(
    ("name", "value"), [(b"host", b"shop"), (b"x-city", b"Tokyo"), (b"empty", b""), (b"cookie", None)]
)
def test_a_field_is_found_in_any_case_the_first_one_first(name: bytes, value: bytes | None) -> None:
    assert find_header(FIELDS, name) == value
    assert Request("GET", "/", FIELDS).header(name) == value


def test_messages_do_not_share_their_fields() -> None:
    one, other = Request("GET", "/"), Request("GET", "/")
    one.headers.append((b"a", b"b"))
    assert other.headers == []


async def test_nothing_is_no_chunk() -> None:
    assert [chunk async for chunk in one_chunk(b"")] == []
    assert [chunk async for chunk in one_chunk(b"abc")] == [b"abc"]


@given(st.text())
async def test_a_small_answer_says_its_length_in_bytes(text: str) -> None:
    response = text_response(404, text)
    assert response.body is not None
    body = b"".join([chunk async for chunk in response.body])
    assert (response.status, body.decode()) == (404, text)
    assert find_header(response.headers, b"content-length") == str(len(body)).encode()
    assert find_header(response.headers, b"content-type") == b"text/plain;charset=UTF-8"
