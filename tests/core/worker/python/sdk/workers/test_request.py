"""A Worker's own requests: whole URLs, what is taken over from another request, and redirects."""

import pytest

from core.worker.python.sdk.workers import Headers, Request


@pytest.mark.parametrize(
    ("url", "host", "target"),
    [
        ("http://app", "app", "/"),
        ("https://app:8443/a b?q=ä", "app:8443", "/a%20b?q=%C3%A4"),
        ("ws://user@app/x#part", "app", "/x"),
        ("http://app?q", "app", "/?q"),
    ],
)
def test_a_url_is_cut_to_host_and_target(url: str, host: str, target: str) -> None:
    made = Request(url)
    assert (made.url, made.host, made.target, made.method) == (url, host, target, "GET")


@pytest.mark.parametrize("url", ["/path", "app/path", "ftp://app/", "http://", ""])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="not a whole URL"):
        Request(url)


async def test_another_request_gives_what_is_not_given() -> None:
    first = Request("http://app/x", method="post", headers={"a": "1"}, body="data", redirect="manual")
    second = Request(first, headers={"b": "2"})
    assert (second.method, second.url, second.redirect) == ("POST", "http://app/x", "manual")
    assert ("a" in second.headers, second.headers["b"]) == (False, "2")
    assert await second.text() == "data"
    with pytest.raises(TypeError, match="read already"):
        Request(first)


def test_a_visitors_request_leaves_redirects_to_the_visitor_and_a_new_one_follows() -> None:
    came = Request.from_wire("GET", "shop", "/", Headers(), None)
    assert (came.redirect, Request(came).redirect, Request("http://a/").redirect) == (
        "manual",
        "manual",
        "follow",
    )
