"""Wire messages and the Worker's objects say the same, both ways."""

import pytest

from core.http.messages import Request, Response, one_chunk
from core.worker.python.messages import (
    WrongAnswer,
    to_wire_request,
    to_wire_response,
    to_worker_request,
    to_worker_response,
)
from core.worker.python.sdk import workers

FIELDS = [(b"Host", b"shop.example:80"), (b"X-One", b"1"), (b"x-one", b"2"), (b"content-length", b"2")]


async def test_a_visitors_request_passed_on_unchanged_is_the_same_byte_for_byte() -> None:
    asked = to_worker_request(Request("PUT", "/a%20b?x=1", list(FIELDS), one_chunk(b"hi")))
    assert (asked.url, asked.redirect) == ("http://shop.example:80/a%20b?x=1", "manual")
    wire = to_wire_request(asked)
    assert (wire.method, wire.target) == ("PUT", "/a%20b?x=1")
    assert [(name.lower(), value) for name, value in wire.headers] == [
        (name.lower(), value) for name, value in FIELDS
    ]
    assert wire.body is not None
    assert [piece async for piece in wire.body] == [b"hi"]


def test_the_host_field_is_that_of_the_url() -> None:
    made = to_wire_request(workers.Request("http://other.example/x", headers={"host": "shop.example"}))
    assert made.headers == [(b"host", b"other.example")]


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://api.example/v1?q=1", "https://api.example/v1?q=1"),
        ("HTTP://user:secret@api.example:81", "http://api.example:81/"),
    ],
)
def test_to_the_outside_the_target_is_the_whole_url(url: str, target: str) -> None:
    assert to_wire_request(workers.Request(url), outside=True).target == target


async def test_a_bindings_response_passed_on_is_the_same() -> None:
    got = to_worker_response(
        Response(404, [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")], one_chunk(b"x"))
    )
    wire = to_wire_response(got, "GET")
    assert (wire.status, wire.headers) == (404, [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")])
    assert wire.body is not None
    assert [piece async for piece in wire.body] == [b"x"]


async def test_what_cannot_be_an_answer_is_refused() -> None:
    read = workers.Response("x")
    await read.text()
    for result, said in ((None, "nothing"), ("x", "type str"), (read, "read already")):
        with pytest.raises(WrongAnswer, match=said):
            to_wire_response(result, "GET")
