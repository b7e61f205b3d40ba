"""Measures how soon there is something to see: first line, usable dashboard, and resident memory.

Run it as ``python -m tests.bench.startup [RUNS] [DRIVER]``: starts the demo in a real terminal each time and
reads what it writes. Prints one JSON line with the medians; times count from the command.
"""

import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

import msgspec
import psutil

from core.runs import STATE_VARIABLE

FIRST_LINE = b"hybrid-tui"
DASHBOARD = b"Request flow"
REGION = b"eu-west"
"""Text of the splash, of the dashboard's frame, and of a region that only a frame of the engine brings."""
GIVE_UP_S = 20.0


def start(driver: str, state: str) -> tuple[int, int]:
    """Start the command in a terminal of its own; return its process number and the terminal."""
    command = str(Path(sys.executable).with_name("hybrid-tui"))
    pid, terminal = pty.fork()
    if pid == 0:
        environment = {
            **os.environ,
            STATE_VARIABLE: state,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
        }
        os.execve(command, [command, "demo", "--driver", driver, "--port", "0"], environment)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
    return pid, terminal


def watch(terminal: int, began: float) -> dict[bytes, float]:
    """Read until every text was seen; return when each was, in milliseconds."""
    seen: dict[bytes, float] = {}
    text = b""
    while len(seen) < 3 and time.perf_counter() - began < GIVE_UP_S:
        ready, _, _ = select.select([terminal], [], [], 0.5)
        if not ready:
            continue
        text += os.read(terminal, 65536)
        for mark in (FIRST_LINE, DASHBOARD, REGION):
            if mark in text:
                seen.setdefault(mark, (time.perf_counter() - began) * 1000)
    return seen


def drain(terminal: int, seconds: float) -> None:
    """Read and forget for some time, as a terminal would."""
    end = time.perf_counter() + seconds
    while (left := end - time.perf_counter()) > 0:
        if select.select([terminal], [], [], left)[0]:
            try:
                os.read(terminal, 65536)
            except OSError:
                return


def one_run(driver: str) -> dict[str, float]:
    """Start the demo once, look, and stop it."""
    with tempfile.TemporaryDirectory() as state:
        began = time.perf_counter()
        pid, terminal = start(driver, state)
        seen = watch(terminal, began)
        drain(terminal, 2.0)
        resident_mib = psutil.Process(pid).memory_info().rss / 2**20
        os.kill(pid, signal.SIGHUP)
        drain(terminal, 3.0)
        os.waitpid(pid, 0)
        os.close(terminal)
    return {
        "first_line_ms": seen.get(FIRST_LINE, float("nan")),
        "dashboard_ms": seen.get(DASHBOARD, float("nan")),
        "first_frame_ms": seen.get(REGION, float("nan")),
        "resident_mib": resident_mib,
    }


def main(arguments: list[str]) -> None:
    """Measure and print the medians."""
    runs = int(arguments[0]) if arguments else 5
    driver = arguments[1] if len(arguments) > 1 else "process"
    found = [one_run(driver) for _ in range(runs)]
    medians = {name: round(statistics.median(run[name] for run in found), 1) for name in found[0]}
    print(msgspec.json.encode({"driver": driver, "runs": runs, **medians}).decode())


if __name__ == "__main__":
    main(sys.argv[1:])
