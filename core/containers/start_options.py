"""What a Worker may ask of one start of a named instance, over what its class declares."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from core.containers.drivers.protocol import InstancePlan


class StartOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of ``start``; None and empty leave what the class declares."""

    wait: bool = True
    """Whether the port must answer for the start to be good."""
    env: dict[str, str] | None = None
    entrypoint: tuple[str, ...] | None = None
    enable_internet: bool | None = None
    port: int | None = None
    """The port that is waited for, and given to the program as PORT."""
    sleep_after_s: float | None = None
    timeout_s: float | None = None
    """How long the port may take to answer."""

    @property
    def internet(self) -> bool:
        """Say whether the instance may reach the outside."""
        return self.enable_internet is not False

    def applied_to(self, plan: InstancePlan, *, patient: bool) -> InstancePlan:
        """Return the plan of this start from that of the class."""
        declared = plan.container
        changes: dict[str, Any] = {}
        if self.env:
            changes["env"] = {**declared.env, **self.env}
        if self.port is not None:
            changes["port"] = self.port
        if self.timeout_s is not None:
            changes["ready_timeout"] = self.timeout_s
        return replace(
            plan,
            container=declared.model_copy(update=changes) if changes else declared,
            entrypoint=self.entrypoint or (),
            internet=self.internet,
            patient=patient,
        )


DEFAULTS = StartOptions()
"""A start that a request needs: as the class declares it."""


def parse_start_options(options: Mapping[str, Any]) -> StartOptions:
    """Read the options that came with a call; ``wait`` is False unless given. Raises ValueError in words."""
    try:
        parsed = msgspec.convert({"wait": False, **options}, StartOptions)
    except msgspec.ValidationError as error:
        raise ValueError(f"start() cannot use these options: {error}") from None
    for name in ("sleep_after_s", "timeout_s"):
        check_positive(name, getattr(parsed, name))
    if parsed.port is not None and not 1 <= parsed.port <= 65_535:
        raise ValueError(f"start() cannot use these options: {parsed.port} is no port")
    return parsed


def check_positive(name: str, seconds: object) -> float | None:
    """Return a number of seconds, or None as it is. Raises ValueError in words for anything else."""
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < float("inf"):
        raise ValueError(f"{name} must be a number of seconds greater than 0, not {seconds!r}")
    return float(seconds)
