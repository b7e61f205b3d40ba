"""Small programs that behave well or badly, as arguments of ``python -c``."""

_SERVER = """
import os, signal, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
{before}
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        {on_get}
        body = b"pid %d" % os.getpid()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        pass
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


def server(before: str = "", on_get: str = "pass") -> list[str]:
    """Return a command that serves HTTP; ``before`` runs first, ``on_get`` in each request."""
    return ["python", "-c", _SERVER.format(before=before, on_get=on_get)]


def python(code: str) -> list[str]:
    """Return a command that runs the code."""
    return ["python", "-c", code]


EXITS_AT_ONCE = python("import sys; print('no database'); sys.exit(3)")
NEVER_LISTENS = python("import time; time.sleep(60)")
DIES_MID_REQUEST = server(on_get="os._exit(7) if self.path == '/die' else None")
ALLOCATES_ON_REQUEST = server(
    before="held = []",
    on_get="held.append(bytearray(400 * 2**20)) or time.sleep(30) if self.path == '/eat' else None",
)
IGNORES_SIGTERM = server(before="signal.signal(signal.SIGTERM, signal.SIG_IGN)")
