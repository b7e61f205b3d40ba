"""Where the programs of the process driver listen."""

import psutil


def address_of(engine_pid: int, program: str) -> tuple[str, int]:
    """Return the address on which a program below the engine listens. Raises LookupError."""
    for process in psutil.Process(engine_pid).children(recursive=True):
        if any(word.endswith(program) for word in process.cmdline()):
            for connection in process.net_connections("tcp"):
                if connection.status == psutil.CONN_LISTEN:
                    return "127.0.0.1", connection.laddr.port
    raise LookupError(f"no {program} listens")
