"""Whether a Docker Engine can be used from here, and what to do when it cannot."""

import asyncio
from dataclasses import dataclass

from core.containers.drivers.docker.api import EngineApi
from core.containers.drivers.docker.endpoint import resolve_endpoint
from core.containers.drivers.docker.errors import EngineError, EngineLost
from core.containers.drivers.docker.regions import Removed, remove_all
from core.containers.drivers.protocol import DriverUnavailable
from core.http.client import PooledClient

ANSWER_TIMEOUT_S = 5.0
_DENIED = 13
"""EACCES: permission denied."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found of a Docker Engine. ``message`` is a sentence, ``advice`` what to do, '' for nothing."""

    reachable: bool
    endpoint: str
    source: str
    """Who named the endpoint, such as "the variable DOCKER_HOST"."""
    message: str
    advice: str = ""
    permitted: bool = True
    """False when the socket is there and this user may not use it."""
    version: str = ""
    api_version: str = ""
    platform: str = ""


async def diagnose(endpoint: str = "") -> Diagnosis:
    """Ask the Engine who it is; answers within five seconds, and never raises for one that is not there."""
    try:
        found = resolve_endpoint(endpoint)
    except DriverUnavailable as error:
        return Diagnosis(False, endpoint, "", error.message, error.advice)
    client = PooledClient()
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            version = await EngineApi(found, client).version()
    except EngineLost as error:
        permitted = error.code != _DENIED
        return Diagnosis(False, found.url, found.source, error.message, error.advice, permitted)
    except EngineError as error:
        return Diagnosis(False, found.url, found.source, f"What answers is no Docker Engine: {error}.")
    except TimeoutError:
        message = f"The Docker Engine at {found.url} did not answer within {ANSWER_TIMEOUT_S:g} s."
        return Diagnosis(False, found.url, found.source, message, "Restart it, and look at its log.")
    finally:
        await client.close()
    name, platform = str(version.get("Version", "")), str((version.get("Platform") or {}).get("Name", ""))
    return Diagnosis(
        True,
        found.url,
        found.source,
        f"Docker Engine {name} answers at {found.url} (from {found.source}).",
        version=name,
        api_version=str(version.get("ApiVersion", "")),
        platform=platform or f"{version.get('Os', '')}/{version.get('Arch', '')}",
    )


async def remove_everything(deployment: str, endpoint: str = "") -> Removed:
    """Remove every container and network of the deployment, whoever made them, and say which.

    Raises DriverUnavailable when the Engine is not there.
    """
    client = PooledClient()
    try:
        api = EngineApi(resolve_endpoint(endpoint), client)
        await api.version()
        return await remove_all(api, deployment)
    finally:
        await client.close()
