"""The state folder: where each deployment keeps its socket, its log, and the note that says it runs."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import platformdirs
import psutil

STATE_VARIABLE = "HYBRID_TUI_STATE"
_SOCKET_PATH_LIMIT = 100
"""A Unix socket's path may have 103 to 107 bytes, by system."""


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A running engine, as written beside its socket."""

    deployment: str
    pid: int
    process_started_s: float
    """When that process started (seconds since 1970), so that a reused number is not taken for it."""
    folder: str
    socket: str
    url: str
    version: str
    drivers: tuple[str, ...]


def state_root() -> Path:
    """Return the folder that holds one folder a deployment."""
    given = os.environ.get(STATE_VARIABLE)
    return Path(given) if given else Path(platformdirs.user_state_dir("hybrid-tui", appauthor=False))


def no_state_folder(error: OSError) -> str:
    """Say that the state folder cannot be used, why, and what to do."""
    return (
        f"the state folder {state_root()} cannot be used: {error.strerror or error}; "
        f"make it writable, or set {STATE_VARIABLE} to another folder"
    )


def state_folder(deployment: str) -> Path:
    """Return the deployment's state folder, made where it is missing, closed to other users."""
    folder = _folder(deployment)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def socket_path(deployment: str) -> Path:
    """Return where the deployment's control socket belongs, its folder made where it is missing.

    Raises PermissionError when that folder is in the hands of another user.
    """
    path = _socket_place(deployment)
    if path.parent == _folder(deployment):
        state_folder(deployment)
        return path
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if path.parent.stat().st_uid != os.getuid():
        raise PermissionError(
            f"{path.parent} belongs to another user; set {STATE_VARIABLE} to a shorter path"
        )
    return path


def _folder(deployment: str) -> Path:
    """Return the place of a state folder. Raises ValueError for a name that leads out of the state root."""
    if deployment in ("", ".", "..") or Path(deployment).name != deployment:
        raise ValueError(f"{deployment!r} is no deployment's name")
    return state_root() / deployment


def _socket_place(deployment: str) -> Path:
    """Return the socket's path; a short one elsewhere when the state folder's path is too long for it."""
    path = _folder(deployment) / "engine.sock"
    if len(os.fsencode(path)) < _SOCKET_PATH_LIMIT:
        return path
    short = hashlib.blake2b(os.fsencode(path), digest_size=8).hexdigest()
    return Path(tempfile.gettempdir()) / f"hybrid-tui-{os.getuid()}" / f"{short}.sock"


def write_run(record: RunRecord) -> None:
    """Note that this engine runs."""
    target = state_folder(record.deployment) / "engine.json"
    draft = target.with_suffix(".part")
    draft.write_bytes(msgspec.json.encode(record))
    draft.replace(target)


def read_run(deployment: str) -> RunRecord | None:
    """Return the note of a deployment's engine, running or not; None where there is none to be read."""
    try:
        data = (_folder(deployment) / "engine.json").read_bytes()
        return msgspec.json.decode(data, type=RunRecord)
    except (OSError, ValueError):  # msgspec's errors are ValueErrors, as is a name that is none
        return None


def remove_run(deployment: str) -> None:
    """Take the note and the socket away, where there are any."""
    (_folder(deployment) / "engine.json").unlink(missing_ok=True)
    _socket_place(deployment).unlink(missing_ok=True)


def all_runs() -> Iterator[RunRecord]:
    """Yield every note, by name, of engines running or killed."""
    root = state_root()
    if not root.is_dir():
        return
    for folder in sorted(root.iterdir()):
        record = read_run(folder.name)
        if record is not None:
            yield record


def is_alive(record: RunRecord) -> bool:
    """Say whether the engine of this note still runs."""
    return process_lives(record.pid, record.process_started_s)


def process_lives(pid: int, started_s: float) -> bool:
    """Say whether process ``pid`` is there and is the one that started at ``started_s``."""
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - started_s) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
