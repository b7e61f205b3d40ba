"""Notes of engines for tests."""

import psutil

from core.runs import RunRecord


def record(
    name: str,
    pid: int,
    *,
    folder: str = "/nowhere",
    url: str = "http://127.0.0.1:8787",
    drivers: tuple[str, ...] = ("process",),
) -> RunRecord:
    """Return the note of an engine whose process is ``pid``; a process that is gone means a killed engine."""
    try:
        started_s = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        started_s = 0.0
    return RunRecord(
        deployment=name,
        pid=pid,
        process_started_s=started_s,
        folder=folder,
        socket="/nowhere/engine.sock",
        url=url,
        version="0.1.0",
        drivers=drivers,
    )


GONE_PID = 2**22
"""One above the highest process number that Linux gives."""
