"""A container started by hand: the Engine's API over a plain socket, and nothing of this project's driver."""

import http.client
import json
import socket
import time
from collections.abc import Mapping
from typing import Any

TRY_EVERY_S = 0.0005
CONNECT_TIMEOUT_S = 0.05


class EngineByHand(http.client.HTTPConnection):
    """One kept-alive connection to an Engine on a Unix socket."""

    def __init__(self, socket_path: str) -> None:
        super().__init__("docker")
        self._socket_path = socket_path

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._socket_path)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Send one call and return its decoded answer."""
        data = b"" if body is None else json.dumps(body).encode()
        self.request(method, path, data, {"Content-Type": "application/json"})
        response = self.getresponse()
        content = response.read()
        if response.status >= 400:
            raise RuntimeError(f"{method} {path}: {response.status} {content.decode(errors='replace')}")
        return json.loads(content) if content.startswith((b"{", b"[")) else None


def cold_start(engine: EngineByHand, name: str, body: Mapping[str, Any], port: int) -> tuple[str, float]:
    """Create and start a container and wait for its port; return its id, and how long it took in ms."""
    began_s = time.perf_counter()
    container = str(engine.call("POST", f"/containers/create?name={name}", body)["Id"])
    engine.call("POST", f"/containers/{container}/start")
    networks = engine.call("GET", f"/containers/{container}/json")["NetworkSettings"]["Networks"]
    [address] = (one["IPAddress"] for one in networks.values())
    until_answering(address, port)
    return container, (time.perf_counter() - began_s) * 1000


def until_answering(host: str, port: int) -> None:
    """Return when a connection to the port is taken."""
    while not _answers(host, port):
        time.sleep(TRY_EVERY_S)


def pull(engine: EngineByHand, reference: str) -> float:
    """Pull an image, and return how long it took in ms. Raises RuntimeError where it cannot be had."""
    name, _, tag = reference.rpartition(":")
    began_s = time.perf_counter()
    engine.request("POST", f"/images/create?fromImage={name}&tag={tag}")
    told = engine.getresponse().read()
    if b'"error"' in told:
        raise RuntimeError(told.decode(errors="replace"))
    return (time.perf_counter() - began_s) * 1000


def remove(engine: EngineByHand, container: str) -> None:
    """Remove a container that runs."""
    engine.call("DELETE", f"/containers/{container}?force=1&v=1")


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), CONNECT_TIMEOUT_S).close()
    except OSError:
        return False
    return True
