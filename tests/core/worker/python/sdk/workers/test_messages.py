"""Request and Response as a Worker makes and reads them."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.worker.python.sdk.workers import Request, Response


async def pieces() -> AsyncIterator[str]:
    yield "a"
    yield "bc"


async def test_a_response_of_text_knows_its_type_and_length() -> None:
    response = Response("grün")
    assert response.headers["content-type"] == "text/plain;charset=UTF-8"
    assert response.headers["content-length"] == "5"
    assert await response.text() == "grün"
    assert response.ok


async def test_a_response_of_pieces_has_no_length() -> None:
    response = Response(pieces(), headers={"content-length": "99"})
    assert "content-length" not in response.headers
    assert await response.bytes() == b"abc"


async def test_json_makes_and_reads() -> None:
    response = Response.json({"a": [1, "ü"]}, status=201, headers={"x-a": "1"})
    assert (response.status, response.headers["content-type"], response.headers["x-a"]) == (
        201,
        "application/json",
        "1",
    )
    assert await response.json() == {"a": [1, "ü"]}


def test_redirect_sets_location() -> None:
    response = Response.redirect("https://example.org/", 301)
    assert (response.status, response.headers["location"]) == (301, "https://example.org/")
    with pytest.raises(ValueError, match="redirect"):
        Response.redirect("/", 200)


def test_a_status_without_a_body_refuses_one() -> None:
    with pytest.raises(TypeError, match="204 cannot have a body"):
        Response("x", 204)


async def test_a_request_of_a_request_takes_over_what_is_not_given() -> None:
    first = Request("http://shop/a?b=c", method="post", headers={"x": "1"}, body="data")
    second = Request(first, headers={"y": "2"})
    assert (second.url, second.method, second.headers.items()) == (
        "http://shop/a?b=c",
        "POST",
        [("y", "2"), ("content-length", "4")],
    )
    assert await second.text() == "data"
    with pytest.raises(TypeError, match="read already"):
        Request(first)
    assert Request(first, body=None).body is None


async def test_a_new_body_has_its_own_length() -> None:
    first = Request("http://shop/", method="POST", body="a long body")
    assert Request(first, body="ab").headers["content-length"] == "2"


async def test_broken_json_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="Expecting"):
        await Request("http://shop/", method="POST", body="{").json()


@pytest.mark.parametrize(
    ("url", "host", "target"),
    [
        ("http://shop", "shop", "/"),
        ("https://user@shop:81/a b/ü?q=ö#part", "shop:81", "/a%20b/%C3%BC?q=%C3%B6"),
        ("http://shop/%2F?a=%20&b", "shop", "/%2F?a=%20&b"),
    ],
)
def test_a_url_gives_host_and_target(url: str, host: str, target: str) -> None:
    request = Request(url)
    assert (request.host, request.target) == (host, target)


@given(st.text(max_size=50))
def test_no_url_makes_a_target_that_breaks_the_request_line(text: str) -> None:
    try:
        target = Request("http://shop/" + text).target
    except ValueError:
        return
    assert target.startswith("/")
    assert all("!" <= letter <= "~" for letter in target)


@given(st.text(max_size=200))
async def test_text_comes_back_as_it_was(text: str) -> None:
    encodable = text.encode("utf-8", "ignore").decode()
    assert await Response(encodable).text() == encodable
