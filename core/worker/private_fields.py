"""Header fields that the engine and an isolate use between them; nobody else may set them."""

from core.http.messages import Headers

TRACE_ID = b"hybrid-tui-trace-id"
SUB_REQUEST = b"hybrid-tui-sub-request"
BINDING = b"hybrid-tui-binding"
INSTANCE = b"hybrid-tui-instance"
"""On a call: the name of the container instance, percent-encoded."""
PORT = b"hybrid-tui-port"
"""On a call: the container's port, where the Worker names one."""
OPERATION = b"hybrid-tui-operation"
"""On a call: what is done with the instance, instead of sending it the request."""
SCHEME = b"hybrid-tui-scheme"
"""On a call: ``http`` or ``https``, of the URL that the Worker asks for."""
CF = b"hybrid-tui-cf"
"""On a request: JSON, what the Worker finds in ``request.cf``, and there what is meant for the shim alone."""
FAILED = b"hybrid-tui-failed"
"""On a response: the Worker or the binding failed; the value is the code, the body says why."""
BACKGROUND = b"hybrid-tui-background"
"""On a response: work of the request goes on after it, until the isolate says that it has ended."""

_PREFIX = b"hybrid-tui-"


def without_private(headers: Headers) -> Headers:
    """Return the fields that are not private, byte for byte and in order."""
    return [field for field in headers if not field[0].lower().startswith(_PREFIX)]
