"""The calls of the Docker Engine API that the driver makes, by the API's own names.

Source: the Docker Engine API reference, versions 1.41 to 1.51. Every call raises EngineError for a
refusal and EngineLost (a DriverUnavailable) when the Engine is not there.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager

from core.containers.drivers.docker.connection import EngineConnection, Json, Query
from core.containers.drivers.docker.endpoint import Endpoint
from core.containers.drivers.docker.errors import EngineError
from core.http.client import PooledClient

JsonStream = AbstractAsyncContextManager[AsyncIterator[Json]]
Filters = Mapping[str, list[str]]


class EngineApi:
    """One Docker Engine."""

    def __init__(self, endpoint: Endpoint, client: PooledClient) -> None:
        self.endpoint = endpoint
        self._engine = EngineConnection(endpoint, client)

    async def ping(self) -> None:
        """Return when the Engine answers."""
        await self._engine.call("GET", "/_ping")

    async def version(self) -> Json:
        """Ask which Engine this is, and speak its version of the API from now on."""
        answer = await self._engine.call("GET", "/version")
        if not isinstance(answer, dict):
            raise EngineError(200, "the answer to /version is not the Engine's")
        self._engine.use_version(str(answer.get("ApiVersion", "")))
        return answer

    async def info(self) -> Json:
        """Return what the Engine says of its host: NCPU, MemTotal, OperatingSystem and more."""
        answer: Json = await self._engine.call("GET", "/info")
        return answer

    async def image(self, reference: str) -> Json:
        """Return an image's description; EngineError 404 when it is not there."""
        answer: Json = await self._engine.call("GET", f"/images/{reference}/json")
        return answer

    async def images(self, reference: str) -> list[Json]:
        """List the images whose name matches ``reference`` (a name, or a name with * in the tag)."""
        answer: list[Json] = await self._engine.call(
            "GET", "/images/json", {"filters": {"reference": [reference]}}
        )
        return answer

    async def untag_image(self, reference: str) -> None:
        """Take a name from an image, and the image away when it was the last one."""
        await self._engine.call("DELETE", f"/images/{reference}")

    async def import_image(
        self, data: bytes, repository: str, tag: str, changes: tuple[str, ...] = ()
    ) -> None:
        """Make an image of one layer from a tar archive; ``changes`` are Dockerfile instructions."""
        query: Query = {"fromSrc": "-", "repo": repository, "tag": tag, "changes": changes}
        async with self._engine.stream("POST", "/images/create", query, data) as lines:
            async for line in lines:
                if "error" in line:
                    raise EngineError(500, str(line["error"]))

    def pull(self, name: str, tag: str) -> JsonStream:
        """Pull an image: progress as the Engine reports it; an object with ``error`` when it fails."""
        return self._engine.stream("POST", "/images/create", {"fromImage": name, "tag": tag})

    async def create_container(self, name: str, body: Json) -> str:
        """Create a container and return its id."""
        answer: Json = await self._engine.call("POST", "/containers/create", {"name": name}, body)
        return str(answer["Id"])

    async def start_container(self, container: str) -> None:
        """Start a created container; no error when it runs."""
        await self._engine.call("POST", f"/containers/{container}/start")

    async def container(self, container: str, *, size: bool = False) -> Json:
        """Return a container's description; with ``size`` the bytes of its writable layer as SizeRw too.

        The Engine looks at each file for that: 3 ms more for 1,000 of them, 60 ms for 20,000.
        """
        query = {"size": True} if size else None
        answer: Json = await self._engine.call("GET", f"/containers/{container}/json", query)
        return answer

    async def rename_container(self, container: str, name: str) -> None:
        """Give a container another name, running or not."""
        await self._engine.call("POST", f"/containers/{container}/rename", {"name": name})

    async def update_container(self, container: str, limits: Json) -> None:
        """Change the limits of a container, running or not: NanoCpus, Memory and such."""
        await self._engine.call("POST", f"/containers/{container}/update", body=limits)

    async def pause_container(self, container: str) -> None:
        """Freeze all processes of a container; EngineError 409 when it does not run."""
        await self._engine.call("POST", f"/containers/{container}/pause")

    async def unpause_container(self, container: str) -> None:
        """Let a frozen container go on."""
        await self._engine.call("POST", f"/containers/{container}/unpause")

    async def stop_container(self, container: str, grace_s: int) -> None:
        """Send the stop signal, and SIGKILL after ``grace_s``; no error when it is stopped."""
        await self._engine.call("POST", f"/containers/{container}/stop", {"t": grace_s})

    async def kill_container(self, container: str, signal: str = "SIGKILL") -> None:
        """Send a signal, by its name or number; EngineError 409 when it does not run."""
        await self._engine.call("POST", f"/containers/{container}/kill", {"signal": signal})

    async def wait_container(self, container: str, condition: str = "not-running") -> int:
        """Wait until it has ended (or, with the condition ``removed``, is gone); return its exit code."""
        answer: Json = await self._engine.call(
            "POST", f"/containers/{container}/wait", {"condition": condition}
        )
        return int(answer["StatusCode"])

    async def remove_container(self, container: str) -> None:
        """Remove a container and its volumes, running or not."""
        await self._engine.call("DELETE", f"/containers/{container}", {"force": True, "v": True})

    async def containers(self, filters: Filters) -> list[Json]:
        """List containers, running or not."""
        answer: list[Json] = await self._engine.call(
            "GET", "/containers/json", {"all": True, "filters": filters}
        )
        return answer

    async def log_tail(self, container: str, lines: int) -> str:
        """Return the last lines of what the program printed, errors among the output."""
        query = {"stdout": True, "stderr": True, "tail": lines}
        data = await self._engine.read("GET", f"/containers/{container}/logs", query)
        return unframed(data).decode(errors="replace")

    def stats(self, container: str) -> JsonStream:
        """Give a reading of memory and CPU about once a second, until the container ends."""
        return self._engine.stream("GET", f"/containers/{container}/stats", {"stream": True})

    async def create_network(self, body: Json) -> str:
        """Create a network and return its id."""
        answer: Json = await self._engine.call("POST", "/networks/create", body=body)
        return str(answer["Id"])

    async def networks(self, filters: Filters | None = None) -> list[Json]:
        """List networks with their address ranges."""
        answer: list[Json] = await self._engine.call("GET", "/networks", {"filters": filters or {}})
        return answer

    async def remove_network(self, network: str) -> None:
        """Remove a network; EngineError 403 while containers are connected."""
        await self._engine.call("DELETE", f"/networks/{network}")

    def events(self, filters: Filters, since: str = "") -> JsonStream:
        """Give the Engine's events as they happen, from ``since`` (``seconds.nanoseconds``) on."""
        query: Query = {"filters": filters, "since": since} if since else {"filters": filters}
        return self._engine.stream("GET", "/events", query)


def unframed(data: bytes) -> bytes:
    """Return the payload of a log without the Engine's frames of 8 bytes.

    A frame's head is the stream (0 to 2), three zero bytes and the length; the log of a container with a
    terminal has no frames and is returned as it is.
    """
    parts: list[bytes] = []
    at = 0
    while at + 8 <= len(data):
        if data[at] > 2 or data[at + 1 : at + 4] != b"\0\0\0":
            return data if at == 0 else b"".join(parts) + data[at:]
        length = int.from_bytes(data[at + 4 : at + 8], "big")
        parts.append(data[at + 8 : at + 8 + length])
        at += 8 + length
    return b"".join(parts) if parts or not data else data
