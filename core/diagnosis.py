"""What this machine offers to an engine, what is wrong with it, and the exact way to mend that."""

import asyncio
import errno
import platform
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from core.runs import RunRecord, all_runs, is_alive, state_root

OLDEST_PYTHON = (3, 11)
VERSION_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``message`` says what is, ``advice`` how to mend it when not ok."""

    subject: str
    ok: bool
    message: str
    advice: str = ""


async def examine(port: int, endpoint: str = "") -> list[Finding]:
    """Look at what an engine needs: Python, Docker, runtimes, the port, the state folder, leftovers."""
    runs = list(all_runs())
    return [
        python_finding(sys.version_info[:3]),
        await docker_finding(endpoint),
        *await asyncio.gather(asyncio.to_thread(deno_finding), asyncio.to_thread(workerd_finding)),
        port_finding(port, [run for run in runs if is_alive(run)]),
        state_finding(state_root()),
        *(leftover_finding(run) for run in runs if not is_alive(run)),
    ]


def python_finding(version: Sequence[int]) -> Finding:
    """Say whether this Python is new enough."""
    text = ".".join(map(str, version))
    if tuple(version) >= OLDEST_PYTHON:
        return Finding("Python", True, f"{text} on {platform.system()} {platform.machine()}")
    oldest = ".".join(map(str, OLDEST_PYTHON))
    return Finding("Python", False, f"{text} is too old", f"install hybrid-tui with Python {oldest} or newer")


async def docker_finding(endpoint: str = "") -> Finding:
    """Say whether a Docker Engine answers, and which."""
    from core.containers.drivers.docker.diagnose import diagnose

    found = await diagnose(endpoint)
    if found.reachable:
        version = f"Engine {found.version}, API {found.api_version}, {found.platform}"
        return Finding("Docker", True, f"{version}, at {found.endpoint}")
    advice = found.advice or "Start Docker, or use --driver process, which needs none."
    return Finding("Docker", False, found.message, advice)


def deno_finding() -> Finding:
    """Say whether Deno is here, which runs JavaScript and TypeScript Workers, and which."""
    from core.worker.deno.program import find_deno
    from core.worker.runtime import WorkerFailed

    try:
        program = find_deno()
    except WorkerFailed as absent:
        return Finding("Deno", False, "JavaScript and TypeScript Workers cannot be run", str(absent))
    command = [str(program), "--version"]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=VERSION_TIMEOUT_S, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        advice = "install it anew: pip install --force-reinstall 'deno>=2.9'"
        return Finding("Deno", False, f"{program} does not run: {error}", advice)
    return Finding("Deno", True, f"{ran.stdout.partition(chr(10))[0]}, at {program}")


def workerd_finding() -> Finding:
    """Say whether workerd is here; Workers need it only where it is asked for."""
    from core.worker.workerd.find import find_workerd, workerd_version

    program = find_workerd()
    if program is None:
        return Finding("workerd", True, "not here; --runtime workerd would need it: npm install workerd")
    version = workerd_version(program)
    if not version:
        advice = "install it anew: npm install workerd"
        return Finding("workerd", False, f"{program} does not run", advice)
    return Finding("workerd", True, f"{version}, at {program}")


def port_finding(port: int, living: Sequence[RunRecord]) -> Finding:
    """Say whether the edge can listen on the port, and who has it when one of ours does."""
    subject = f"Port {port}"
    reason = why_not_bound(port)
    if not reason:
        return Finding(subject, True, "free on 127.0.0.1" if port else "a free one will be taken")
    owner = next((run.deployment for run in living if urlsplit(run.url).port == port), "")
    if owner:
        return Finding(subject, True, f"in use by the deployment {owner}, which runs")
    return Finding(
        subject, False, reason, "stop what listens there, or choose another: --port 0 takes a free one"
    )


def why_not_bound(port: int) -> str:
    """Try to listen on the port of 127.0.0.1; return what is in the way, empty when nothing is."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
            one.listen()
        except PermissionError:
            return "this user may not listen on it"
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            return "taken by another program" if taken else f"cannot be used: {error.strerror}"
    return ""


def state_finding(folder: Path) -> Finding:
    """Say whether notes and sockets can be written to the state folder."""
    subject = "State folder"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            return Finding(subject, True, f"{folder} can be written to")
    except OSError as error:
        advice = f"make it writable: chown -R $(id -u) {folder}; or set HYBRID_TUI_STATE to another folder"
        return Finding(subject, False, f"{folder}: {error.strerror}", advice)


def leftover_finding(run: RunRecord) -> Finding:
    """Name an engine that was killed and may have left something behind."""
    name = run.deployment
    return Finding(
        f"Deployment {name}", False, f"its engine (process {run.pid}) was killed", f"hybrid-tui down {name}"
    )
