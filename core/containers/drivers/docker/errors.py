"""The Engine's errors: its own answers, and the ways in which it cannot be reached."""

import errno
import getpass
import sys
from collections.abc import Awaitable

from core.containers.drivers.docker.endpoint import Endpoint
from core.containers.drivers.protocol import DriverUnavailable


class EngineError(Exception):
    """The Engine refused a call: the HTTP status and its own message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{message} (status {status})")
        self.status = status
        self.message = message


class EngineLost(DriverUnavailable):
    """The Engine cannot be reached, or the connection broke; ``code`` is the system's error number."""

    def __init__(self, message: str, advice: str, code: int = 0) -> None:
        super().__init__(message, advice)
        self.code = code


def unreachable(endpoint: Endpoint, error: BaseException) -> EngineLost:
    """Say why the Engine cannot be reached and what to do, from the system's error number."""
    code = error_number(error)
    where = f"{endpoint.url} (from {endpoint.source})"
    if code == errno.EACCES:
        return EngineLost(
            f"The Docker socket {where} does not permit this user to connect.",
            f"Join its group (sudo usermod -aG docker {_user()}, then log in again), "
            "or use --driver process.",
            code,
        )
    if code in (errno.ENOENT, errno.ENOTDIR):
        return EngineLost(f"No Docker Engine answers: there is no socket {where}.", _start_advice(), code)
    if code == errno.ECONNREFUSED:
        return EngineLost(f"No Docker Engine answers at {where}: connection refused.", _start_advice(), code)
    return EngineLost(f"The Docker Engine at {where} cannot be reached: {error}.", _start_advice(), code)


def lost(endpoint: Endpoint, detail: str) -> EngineLost:
    """Make the error for a connection that broke before the answer was complete."""
    return EngineLost(
        f"The Docker Engine at {endpoint.url} went away: {detail}.",
        "It is used again as soon as it is back. " + _start_advice(),
    )


def error_number(error: BaseException | None) -> int:
    """Return the system's error number of an error or of what caused it; 0 where there is none."""
    while error is not None:
        if isinstance(error, OSError) and error.errno:
            return error.errno
        error = error.__cause__ or error.__context__
    return 0


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "$USER"


def _start_advice() -> str:
    if sys.platform == "darwin":
        return "Start Docker Desktop (open -a Docker), or use --driver process."
    return "Start it (sudo systemctl start docker), set DOCKER_HOST, or use --driver process."


async def unless(status: int, call: Awaitable[None]) -> None:
    """Await a call for which the Engine's answer ``status`` means that there is nothing to do."""
    try:
        await call
    except EngineError as error:
        if error.status != status:
            raise
