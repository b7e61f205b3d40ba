"""Why nothing answers on a port: what the program in the container listens on instead."""

from pathlib import Path

PROC = Path("/proc")
LISTEN = "0A"


def listening_ports(pid: int, proc: Path = PROC) -> list[tuple[bool, int]]:
    """Return the TCP ports open in the process's network, each with whether it is on loopback only.

    Empty where that cannot be seen, as with an Engine elsewhere.
    """
    found = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = (proc / str(pid) / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in (line.split() for line in lines):
            address, _, port = fields[1].partition(":")
            # Docker's own name server listens on 127.0.0.11 in each of its networks.
            if fields[3] == LISTEN and address != "0B00007F":
                found.add((_is_loopback(address), int(port, 16)))
    return sorted(found, key=lambda one: one[1])


def _is_loopback(address: str) -> bool:
    return address.endswith("7F") if len(address) == 8 else address == "0" * 24 + "01000000"


def silence_reason(port: int, waited_s: float, listening: list[tuple[bool, int]]) -> tuple[str, str]:
    """Say that the port never answered, and what to do, from what the program does listen on."""
    reason = f"it runs, but nothing answered on port {port} within {waited_s:g} s"
    if (True, port) in listening and (False, port) not in listening:
        return f"{reason}: it listens on 127.0.0.1 only", "Make it listen on 0.0.0.0, not on 127.0.0.1."
    if listening:
        others = ", ".join(str(one) for _, one in listening)
        return f"{reason}: it listens on port {others}", (
            f"Make it listen on 0.0.0.0 and the port in the variable PORT ({port}), or set port = {others}."
        )
    return f"{reason}: it listens on no port", (
        f"Make it listen on 0.0.0.0:{port} (the variable PORT), or raise ready_timeout when it boots slowly."
    )
