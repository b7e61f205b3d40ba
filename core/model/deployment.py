"""The deployment as declared in hybrid.toml, checked by pydantic."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from core.model.constraints import Constraints
from core.model.durations import parse_duration_s
from core.model.instance_types import INSTANCE_TYPES, CustomInstance, DeclaredInstanceType, InstanceType
from core.model.prices import Prices
from core.model.scaling import Scaling, ScheduleEntry
from core.model.start_policies import StartPolicyName
from core.model.table import Declared
from core.model.worker import Limits, Worker
from core.profiles.profile import ProfileName

__all__ = ["Container", "Deployment", "Limits", "Region", "Scaling", "ScheduleEntry", "Worker"]

Duration = Annotated[float, BeforeValidator(parse_duration_s)]
NAME_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
ClassName = Annotated[str, Field(pattern=r"^([A-Za-z_$][A-Za-z0-9_$]*)?$")]
BindingName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
DriverChoice = Literal["auto", "docker", "process", "simulated"]


def as_name(text: str) -> str:
    """Return the valid name nearest to ``text``; empty when it has no letter or digit at all."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-")


class Container(Declared):
    """A container class: one program that instances are started of."""

    binding: BindingName = Field(examples=["APP"])
    """The name under which the Worker reaches it: env.NAME."""
    name: Name = ""
    """The class's own name; the binding in lower case with hyphens when not given."""
    class_name: ClassName = ""
    """The class that a JavaScript Worker exports for it; found by the binding's name when not given."""
    image: str = ""
    """An image reference, or the path of a Dockerfile or of a folder that has one."""
    build_args: dict[str, str] = Field(default={})
    """Build arguments for the Dockerfile."""
    command: tuple[str, ...] = ()
    """The command of the process driver; {port} in it, and the variable PORT, give the port to listen on."""
    port: int = Field(default=8080, ge=1, le=65_535)
    """The port that the program listens on inside its container (also given as PORT)."""
    env: dict[str, str] = Field(default={})
    """Environment variables of the program."""
    instance_type: DeclaredInstanceType = "lite"
    """Memory, CPU and disk of one instance: the platform's name of them, or a table of one's own."""
    max_instances: int = Field(default=20, ge=1, le=10_000)
    """How many instances may run at once, over all regions."""
    sleep_after: Duration = Field(default=600.0, gt=0)
    """Idle time after which an instance is stopped, such as "10m"."""
    regions: tuple[str, ...] = ()
    """The regions that may run it; all when empty. A request goes to the one nearest to its edge location."""
    constraints: Constraints = Constraints()
    """Where the platform may place it; of the regions, those run it that lie inside."""
    start_policy: StartPolicyName = "plain"
    """How an instance is started: plain (create, start), created (created in advance), shared (created in
    advance, in a network sandbox that stands already), boosted (without its CPU limit until it is ready),
    paused (started in advance and frozen)."""
    prepared: int = Field(default=1, ge=0, le=100)
    """How many instances are kept prepared in each region by the policies created, shared and paused."""
    restart: Literal["never", "on-failure"] = "never"
    """What happens when the program ends by itself with an error: on-failure starts it again at once."""
    cold_start_delay: Literal["off", "production"] = "off"
    """production: each start is made to last as long as one drawn from starts measured on the platform."""
    ready_timeout: Duration = Field(default=20.0, gt=0)
    """How long the port may take to answer before a start has failed (the platform's default is 20 s)."""

    @model_validator(mode="before")
    @classmethod
    def _default_name(cls, values: Any) -> Any:
        if isinstance(values, dict) and "name" not in values and isinstance(values.get("binding"), str):
            return {**values, "name": as_name(values["binding"]) or "container"}
        return values

    @model_validator(mode="after")
    def _needs_a_program(self) -> "Container":
        if not self.image and not self.command:
            raise ValueError("a container needs an image (for Docker) or a command (for the process driver)")
        return self

    @property
    def limits(self) -> InstanceType:
        """Return what one instance may use."""
        declared = self.instance_type
        if isinstance(declared, CustomInstance):
            return InstanceType("custom", declared.vcpu, declared.memory_mib, declared.disk_mb)
        return INSTANCE_TYPES[declared]


class Region(Declared):
    """A region: a place that runs containers, and the driver that runs them there."""

    id: Name = Field(examples=["us-east"])
    """Its name, such as us-east; a known name brings its own place."""
    city: str = ""
    """The city where it stands; taken from the name where that is known."""
    latitude: float | None = Field(default=None, ge=-90, le=90)
    """Degrees north, instead of a city."""
    longitude: float | None = Field(default=None, ge=-180, le=180)
    """Degrees east, instead of a city."""
    driver: DriverChoice = "auto"
    """What runs its containers: docker where a Docker Engine answers, else process."""
    endpoint: str = ""
    """The address of its Docker Engine, such as unix:///var/run/docker.sock; empty for the usual one."""


class Bindings(Declared):
    """What the Worker finds in env beside the containers."""

    vars: dict[str, str] = Field(default={})
    """Plain values: env.NAME. Secrets stand in a file .dev.vars beside hybrid.toml, as NAME=value lines."""


class TrafficPath(Declared):
    """One kind of request that visitors make."""

    path: str = Field(default="/", pattern=r"^/")
    """The path with its query."""
    method: str = "GET"
    """The HTTP method."""
    weight: float = Field(default=1.0, gt=0)
    """Its share among all paths."""


class Traffic(Declared):
    """Visitors: where a request comes from when it does not say so, and requests made by themselves."""

    city: str = ""
    """The visitor's city where a request names none (header X-Visitor-City); else the first region's."""
    requests_per_second: float = Field(default=0.0, ge=0, le=10_000)
    """Requests a second that emulated visitors make, as independent (Poisson) arrivals."""
    cities: dict[str, Annotated[float, Field(gt=0)]] = Field(default={})
    """Where emulated visitors are: city or edge location code to share. The default city when empty."""
    paths: tuple[TrafficPath, ...] = (TrafficPath(),)
    """What they ask for."""


class Deployment(Declared):
    """One deployment: a Worker at the edge in front of containers in regions."""

    name: Name = Field(examples=["shop"])
    """The deployment's name: labels, the state folder and ``attach`` use it."""
    profile: ProfileName = "ga"
    """The platform's rules and prices to follow: ga as of today, beta as first announced."""
    worker: Worker
    """The Worker: a table, or just the file of its code."""
    containers: tuple[Container, ...] = Field(min_length=1)
    """The container classes."""
    regions: tuple[Region, ...] = (Region(id="us-east"),)
    """The regions; one, us-east, when none is named."""
    bindings: Bindings = Bindings()
    """Values for the Worker."""
    scaling: Scaling = Scaling()
    """How many instances."""
    traffic: Traffic = Traffic()
    """Visitors."""
    prices: Prices = Prices()
    """Prices that were never published, as one assumes them."""
    latency: Literal["real", "off"] | Annotated[float, Field(ge=0, le=100)] = "real"
    """Emulated distance from edge to region: real adds it to each request, off none, a number scales it."""
    folder: SkipJsonSchema[Path] = Field(default=Path(), exclude=True)
    """The folder that paths are relative to; set by the loader, never in the file."""
    secrets: SkipJsonSchema[dict[str, str]] = Field(default={}, exclude=True, repr=False)
    """The values of .dev.vars, which go before ``bindings.vars``; set by the loader, never in the file."""

    @model_validator(mode="before")
    @classmethod
    def _worker_by_name(cls, values: Any) -> Any:
        if isinstance(values, dict) and isinstance(values.get("worker"), str):
            return {**values, "worker": {"main": values["worker"]}}
        return values

    @property
    def variables(self) -> dict[str, str]:
        """Return the plain values and secrets that the Worker finds in env."""
        return {**self.bindings.vars, **self.secrets}

    @property
    def latency_scale(self) -> float:
        """Return the factor on emulated round trips: 1 for real, 0 for off."""
        if isinstance(self.latency, str):
            return 1.0 if self.latency == "real" else 0.0
        return self.latency
