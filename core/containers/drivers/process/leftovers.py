"""What a killed engine left running: noted in the state folder while it runs, found again and ended."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil

from core.containers.drivers.process.command import INSTANCE_VARIABLE, REGION_VARIABLE
from core.containers.drivers.process.disks import remove_all_disks
from core.runs import process_lives, state_folder, state_root

RUN_VARIABLE = "HYBRID_TUI_RUN"
"""The mark that every child carries in its environment, and whatever it starts inherits: the state
folder, and the number and start of the engine's process. It finds what the ledger cannot: a process
that went its own way, or one started a moment before the engine was killed."""
_GONE_WITHIN_S = 5.0
_LOOK_EVERY_S = 0.01


class ChildNote(msgspec.Struct, frozen=True, kw_only=True):
    """One child: its process and group have the same number. Times are seconds since 1970."""

    instance: str
    pid: int
    started_s: float


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """The children of one region, and the engine that they belong to."""

    owner_pid: int
    owner_started_s: float
    children: tuple[ChildNote, ...]


def started_s(pid: int) -> float:
    """Return when a process started, in seconds since 1970; 0 when it is gone."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return 0.0


def run_mark(deployment: str) -> dict[str, str]:
    """Return the mark for the children of this very process."""
    pid = os.getpid()
    return {RUN_VARIABLE: f"{state_root() / deployment}:{pid}:{started_s(pid)}"}


class LedgerFile:
    """Keep the note of one region's children."""

    def __init__(self, deployment: str, region: str) -> None:
        self._deployment = deployment
        self._region = region
        self._children: dict[int, ChildNote] = {}
        self._owner = (os.getpid(), started_s(os.getpid()))

    def add(self, instance: str, pid: int) -> None:
        """Note a child that was just started."""
        self._children[pid] = ChildNote(instance=instance, pid=pid, started_s=started_s(pid))
        self._write()

    def discard(self, pid: int) -> None:
        """Strike a child that has ended."""
        if self._children.pop(pid, None) is not None:
            self._write()

    def read_dead(self) -> Ledger | None:
        """Return the note of an earlier engine that is no more."""
        ledger = _read(_path(self._deployment, self._region))
        if ledger is None or process_lives(ledger.owner_pid, ledger.owner_started_s):
            return None
        return ledger

    def remove(self) -> None:
        """Take the note away."""
        _path(self._deployment, self._region).unlink(missing_ok=True)

    def _write(self) -> None:
        if not self._children:
            self.remove()
            return
        pid, since_s = self._owner
        children = tuple(self._children.values())
        ledger = Ledger(owner_pid=pid, owner_started_s=since_s, children=children)
        path = _path(self._deployment, self._region)
        draft = path.with_suffix(".part")
        draft.write_bytes(msgspec.json.encode(ledger))
        draft.replace(path)


async def remove_dead(deployment: str, region: str) -> tuple[str, ...]:
    """End what an engine that is no more left in this region; return the names of the instances."""
    note = LedgerFile(deployment, region)
    ledger = note.read_dead()
    found = _noted(ledger) if ledger is not None else {}
    for one in _marked(deployment):
        if one.region == region and not process_lives(one.owner_pid, one.owner_started_s):
            found[one.pid] = one.instance
    await _end(found)
    if ledger is not None:
        note.remove()
    return tuple(sorted(set(found.values())))


async def remove_everything(deployment: str) -> tuple[str, ...]:
    """End every child of the deployment, whoever started it; return the names of the instances."""
    found: dict[int, str] = {}
    paths = sorted((state_root() / deployment).glob("processes-*.json"))
    for path in paths:
        ledger = _read(path)
        if ledger is not None:
            found |= _noted(ledger)
    found |= {one.pid: one.instance for one in _marked(deployment)}
    await _end(found)
    for path in paths:
        path.unlink(missing_ok=True)
    await asyncio.to_thread(remove_all_disks, deployment)
    return tuple(sorted(set(found.values())))


def _path(deployment: str, region: str) -> Path:
    return state_folder(deployment) / f"processes-{region}.json"


def _read(path: Path) -> Ledger | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Ledger)
    except (OSError, msgspec.MsgspecError):
        return None


def _noted(ledger: Ledger) -> dict[int, str]:
    """Return the noted processes that still run, and are the ones that were noted."""
    return {one.pid: one.instance for one in ledger.children if process_lives(one.pid, one.started_s)}


@dataclass(frozen=True, slots=True)
class _Marked:
    pid: int
    instance: str
    region: str
    owner_pid: int
    owner_started_s: float


def _marked(deployment: str) -> Iterator[_Marked]:
    """Yield the running processes that carry the deployment's mark."""
    folder = str(state_root() / deployment)
    for process in psutil.process_iter():
        try:
            environment = process.environ()
        except (psutil.Error, OSError):
            continue  # gone, or another user's: not ours
        place, _, owner = environment.get(RUN_VARIABLE, "").rpartition(":")
        place, _, owner_pid = place.rpartition(":")
        if place == folder and process.pid != os.getpid():
            names = environment.get(INSTANCE_VARIABLE, ""), environment.get(REGION_VARIABLE, "")
            yield _Marked(process.pid, *names, int(owner_pid), float(owner))


async def _end(processes: dict[int, str]) -> None:
    since = {pid: started_s(pid) for pid in processes}
    for pid in processes:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
    with suppress(TimeoutError):
        async with asyncio.timeout(_GONE_WITHIN_S):
            while any(process_lives(pid, when) for pid, when in since.items()):
                await asyncio.sleep(_LOOK_EVERY_S)
