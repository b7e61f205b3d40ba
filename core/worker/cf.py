"""What a Worker finds in ``request.cf``: read from the fields that the edge has set."""

from typing import Any

from core.http.messages import Request


def cf_of(request: Request) -> dict[str, Any]:
    """Return the edge location, city and country of a request's visitor, as far as the edge tells them."""
    found: dict[str, Any] = {"httpProtocol": "HTTP/1.1"}
    for key, name in (("city", b"cf-ipcity"), ("country", b"cf-ipcountry")):
        value = request.header(name)
        if value:
            found[key] = value.decode("utf-8", "replace")
    ray = (request.header(b"cf-ray") or b"").decode("latin-1")
    if "-" in ray:
        found["colo"] = ray.rpartition("-")[2]
    return found
