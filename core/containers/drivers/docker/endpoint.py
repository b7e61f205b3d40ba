"""Where a Docker Engine is reached: the endpoint's address, and who named it."""

import hashlib
import ipaddress
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.containers.drivers.protocol import DriverUnavailable

DEFAULT_URL = "unix:///var/run/docker.sock"
PLAIN_TCP_PORT = 2375
"""The Engine's registered port for unencrypted HTTP."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address of a Docker Engine. ``source`` says where it was found, for messages."""

    url: str
    source: str

    @property
    def socket_path(self) -> str:
        """Return the path of the Unix socket; empty for an endpoint on TCP."""
        return self.url.removeprefix("unix://") if self.url.startswith("unix://") else ""

    @property
    def address(self) -> str | tuple[str, int]:
        """Return what a connection is opened to: a socket's path, or a host and a port."""
        if self.socket_path:
            return self.socket_path
        parts = urlsplit(self.url)
        return parts.hostname or "127.0.0.1", parts.port or PLAIN_TCP_PORT

    @property
    def host(self) -> str:
        """Return the host that published ports are reached at."""
        return "127.0.0.1" if isinstance(self.address, str) else self.address[0]

    @property
    def is_local(self) -> bool:
        """Say whether the Engine is reached over a Unix socket or the loopback interface."""
        if self.socket_path or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def resolve_endpoint(explicit: str = "", environment: Mapping[str, str] | None = None) -> Endpoint:
    """Find the endpoint: the declared one, DOCKER_HOST, the current docker context, or the usual socket.

    Raises DriverUnavailable for an address of a kind that cannot be used.
    """
    variables = os.environ if environment is None else environment
    if explicit:
        return _checked(Endpoint(explicit, "the region's endpoint in hybrid.toml"), variables)
    if variables.get("DOCKER_HOST"):
        return _checked(Endpoint(variables["DOCKER_HOST"], "the variable DOCKER_HOST"), variables)
    context = _current_context(variables)
    if context is not None:
        return _checked(context, variables)
    return Endpoint(DEFAULT_URL, "the usual address")


def _checked(endpoint: Endpoint, variables: Mapping[str, str]) -> Endpoint:
    scheme = endpoint.url.partition("://")[0]
    if scheme == "ssh":
        target = endpoint.url.removeprefix("ssh://")
        raise DriverUnavailable(
            f"The Docker endpoint {endpoint.url} (from {endpoint.source}) is reached over ssh, "
            "which is not supported directly.",
            f"Forward its socket (ssh -N -L /tmp/docker-remote.sock:/var/run/docker.sock {target}) "
            "and use unix:///tmp/docker-remote.sock.",
        )
    if scheme not in ("unix", "tcp", "http"):
        raise DriverUnavailable(
            f"The Docker endpoint {endpoint.url!r} (from {endpoint.source}) is of no known kind.",
            f"Write unix:///path/to/docker.sock or tcp://host:port, such as {DEFAULT_URL}.",
        )
    if scheme == "tcp" and variables.get("DOCKER_TLS_VERIFY"):
        raise DriverUnavailable(
            f"The Docker endpoint {endpoint.url} asks for TLS (DOCKER_TLS_VERIFY), which is not supported.",
            "Forward the Engine's socket with ssh -N -L and use it as unix:///path/to/docker.sock.",
        )
    return endpoint


def _current_context(variables: Mapping[str, str]) -> Endpoint | None:
    """Return the endpoint of the docker command's current context; None for the default context."""
    folder = Path(variables.get("DOCKER_CONFIG") or Path.home() / ".docker")
    name = variables.get("DOCKER_CONTEXT") or _read_json(folder / "config.json").get("currentContext", "")
    if not name or name == "default":
        return None
    digest = hashlib.sha256(name.encode()).hexdigest()
    meta = _read_json(folder / "contexts" / "meta" / digest / "meta.json")
    url = meta.get("Endpoints", {}).get("docker", {}).get("Host", "")
    if not url:
        raise DriverUnavailable(
            f"The current docker context {name!r} does not exist or names no Docker Engine.",
            "See docker context ls, then choose one: docker context use default.",
        )
    return Endpoint(url, f"the docker context {name!r}")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise DriverUnavailable(
            f"Docker's settings in {path} cannot be read: {error}.", "Mend the file, or set DOCKER_HOST."
        ) from error
    return value if isinstance(value, dict) else {}
