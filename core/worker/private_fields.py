"""Header fields that the engine and an isolate use between them; nobody else may set them."""

from core.http.messages import Headers

TRACE_ID = b"hybrid-tui-trace-id"
SUB_REQUEST = b"hybrid-tui-sub-request"
BINDING = b"hybrid-tui-binding"
FAILED = b"hybrid-tui-failed"
"""On a response: the Worker or the binding failed; the value is the code, the body says why."""

_PREFIX = b"hybrid-tui-"


def without_private(headers: Headers) -> Headers:
    """Return the fields that are not private, byte for byte and in order."""
    return [field for field in headers if not field[0].lower().startswith(_PREFIX)]
