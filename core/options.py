"""What the command line asks of an engine; light, so that reading arguments stays quick."""

from typing import Literal

import msgspec

DriverOption = Literal["auto", "docker", "process", "simulated"]
RuntimeOption = Literal["auto", "deno", "workerd", "python"]
DEFAULT_PORT = 8787


class EngineOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of ``up`` and ``demo``."""

    path: str = "."
    """The project's folder, or its hybrid.toml."""
    driver: DriverOption = "auto"
    """Runs every region on this driver; auto leaves it to each region."""
    runtime: RuntimeOption = "auto"
    """Runs the Worker on this runtime; auto leaves it to hybrid.toml."""
    port: int = DEFAULT_PORT
    """The port of the edge on 127.0.0.1; 0 takes a free one."""
    seed: int | None = None
    """Makes everything drawn at random the same again; drawn itself when not given."""
    for_s: float | None = None
    """Ends the run after so many seconds (of virtual time under the simulated driver)."""
    json: bool = False
    """Prints every event as a JSON line on standard output."""
    demo: bool = False
    """The run is a demo: nothing is left behind, and the port gives way when it is taken."""
    paced: bool = False
    """Somebody looks on: virtual time runs at the speed of real time."""
