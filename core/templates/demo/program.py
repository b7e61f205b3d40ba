"""The demo's container: a small web server that takes its time to boot and uses memory as it works.

Environment: PORT to listen on; BOOT_MS that it takes to boot; WORK_MS that a page takes on average;
KEEP_MIB that its cache grows to before it is emptied; BURST_MIB that one page needs while it is made.
"""

import mmap
import os
import random
import signal
import socketserver
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler

MIB = 1024 * 1024
WORK_MS = float(os.environ.get("WORK_MS", "50"))
KEEP_MIB = int(os.environ.get("KEEP_MIB", "0"))
BURST_MIB = int(os.environ.get("BURST_MIB", "0"))


def allocate(mib):
    """Return memory of our own that goes back to the system when it is closed."""
    block = mmap.mmap(-1, mib * MIB)
    for offset in range(0, mib * MIB, mmap.PAGESIZE):
        block[offset] = 1
    return block


class Cache:
    """Memory that grows a little with every page, and is emptied when it is full."""

    def __init__(self):
        self._lock = threading.Lock()
        self._blocks = []

    def grow(self):
        with self._lock:
            if len(self._blocks) >= KEEP_MIB:
                while self._blocks:
                    self._blocks.pop().close()
            if KEEP_MIB:
                self._blocks.append(allocate(1))


def work():
    """Use the processor for a tenth of the time that a page takes, and wait for the rest."""
    duration_ms = random.lognormvariate(0, 0.4) * WORK_MS
    used_s = time.thread_time() + duration_ms / 10_000
    while time.thread_time() < used_s:
        pass
    time.sleep(duration_ms * 0.9 / 1000)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cache = Cache()

    def do_GET(self):
        self.cache.grow()
        burst = allocate(BURST_MIB) if BURST_MIB else None
        work()
        if burst:
            burst.close()
        body = f"<h1>The shop</h1><p>{self.path} was made by process {os.getpid()}.</p>\n".encode()
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        """Say nothing for each request."""


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    time.sleep(float(os.environ.get("BOOT_MS", "0")) / 1000)
    host = os.environ.get("HOST", "127.0.0.1")
    with Server((host, int(os.environ.get("PORT", "8080"))), Handler) as server:
        server.serve_forever(poll_interval=60)


if __name__ == "__main__":
    main()
