"""The Worker as declared: its code, what runs it, its limits, when it is called and whom it may call."""

from pathlib import PurePath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from core.model.crons import check_cron
from core.model.table import Declared

RuntimeChoice = Literal["auto", "deno", "workerd", "python"]
RuntimeName = Literal["deno", "workerd", "python"]
PYTHON_SUFFIXES = (".py",)
JAVASCRIPT_SUFFIXES = (".js", ".mjs", ".jsx", ".ts", ".mts", ".tsx")
"""JavaScript and TypeScript modules; CommonJS (.cjs, .cts) cannot hold a Worker."""
OUTBOUND_PATTERN = r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?$"

Cron = Annotated[str, AfterValidator(check_cron)]
OutboundHost = Annotated[str, Field(pattern=OUTBOUND_PATTERN)]


class Limits(Declared):
    """What the Worker may use; what uses more gets the platform's own error."""

    cpu_ms: int = Field(default=30_000, ge=1, le=300_000)
    """CPU time that one request may use, in milliseconds; the platform's default is 30 seconds."""
    memory_mib: int = Field(default=128, ge=16, le=4096)
    """Memory of one isolate; the platform's is 128."""
    sub_requests: int = Field(default=10_000, ge=1, le=10_000_000)
    """Calls of bindings and fetch() that one request may make; 50 on the platform's free plan."""
    request_body_mb: int = Field(default=100, ge=1, le=5000)
    """Longest body of a request in megabytes (413 beyond); 100, 200 or 5000 by the platform's plans."""


class Worker(Declared):
    """The Worker: the code that answers every request first."""

    main: str = Field(examples=["worker.py"])
    """The file of the Worker's code, from the folder of hybrid.toml: a .js, .mjs, .ts, .mts or .py file."""
    runtime: RuntimeChoice = "auto"
    """What runs it: auto takes python for a .py file, and deno for JavaScript and TypeScript."""
    limits: Limits = Limits()
    """What it may use."""
    crons: tuple[Cron, ...] = ()
    """When its scheduled() is called: cron expressions in UTC, such as "*/5 * * * *"."""
    outbound: Literal["internet", "none"] | tuple[OutboundHost, ...] = "internet"
    """Whom its fetch() may call: public addresses (internet), nobody (none), or a list of host[:port]."""

    @property
    def runtime_name(self) -> RuntimeName:
        """Return what runs the Worker."""
        if self.runtime != "auto":
            return self.runtime
        return "deno" if PurePath(self.main).suffix in JAVASCRIPT_SUFFIXES else "python"
