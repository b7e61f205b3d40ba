"""Requests that a Worker makes, to a binding or to the outside: options, redirects, and who carries them."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urljoin, urlsplit

from core.worker.python.visit import CURRENT, Visit

from .body import BodyInit, Whole
from .headers import HeadersInit
from .request import Redirect, Request
from .response import Response

LONGEST_CHAIN = 20
"""Redirects that are followed: https://fetch.spec.whatwg.org/#http-redirect-fetch."""

Send = Callable[[Request], Awaitable[Response]]


async def fetch(
    resource: str | Request,
    *,
    method: str | None = None,
    headers: HeadersInit = None,
    body: BodyInit = None,
    redirect: Redirect | None = None,
) -> Response:
    """Send a request to the outside; what of it can be reached is for the deployment to say."""
    visit = current_visit("fetch()")
    request = make_request(resource, method=method, headers=headers, body=body, redirect=redirect)
    return await follow(request, visit.send_outside)


def current_visit(what: str) -> Visit:
    """Return the request that is being answered. Raises RuntimeError outside of one, naming ``what``."""
    visit = CURRENT.get()
    if visit is None:
        raise RuntimeError(f"{what} can be used only while a request is being answered")
    return visit


def make_request(resource: str | Request, **options: Any) -> Request:
    """Return the request itself where no option is given, else a new one made of it."""
    given = {name: value for name, value in options.items() if value is not None}
    if given or not isinstance(resource, Request):
        return Request(resource, **given)
    return resource


async def follow(request: Request, send: Send) -> Response:
    """Send a request and, where it asks for that, go where redirects lead. Raises RuntimeError."""
    body = request.body
    source = body.source if body is not None and not body.started else None
    for hop in range(LONGEST_CHAIN + 1):
        asked = request
        response = await send(asked)
        response.url, response.redirected = asked.url, hop > 0
        location = response.headers.get("location")
        if response.status not in (301, 302, 303, 307, 308) or location is None:
            return response
        if asked.redirect == "manual":
            return response
        if asked.redirect == "error":
            raise RuntimeError(f"fetch: {asked.url} redirects to {location}, and redirect is 'error'")
        if response.body is not None:
            await response.body.aclose()
        request = _next(asked, response.status, urljoin(asked.url, location), source)
    raise RuntimeError(f"fetch: too many redirects (more than {LONGEST_CHAIN}), the last from {asked.url}")


def _next(asked: Request, status: int, url: str, source: Any) -> Request:
    """Return the request that a redirect asks for. Raises RuntimeError for a body that is gone."""
    headers = asked.headers
    method, body = asked.method, None
    if (status in (301, 302) and method == "POST") or (status == 303 and method not in ("GET", "HEAD")):
        method = "GET"
        for name in ("content-type", "content-length", "content-encoding", "content-language"):
            headers.delete(name)
    elif isinstance(source, Whole):
        body = source.data
    elif source is not None:
        raise RuntimeError(f"fetch: {asked.url} redirects, and a streamed body cannot be sent twice")
    if _origin(url) != _origin(asked.url):
        for name in ("authorization", "cookie", "host"):
            headers.delete(name)
    return Request(url, method=method, headers=headers, body=body, redirect=asked.redirect)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
