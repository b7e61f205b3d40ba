"""The class that a Worker's ``Default`` is made of, and what it finds in ``self``."""

import difflib
from collections.abc import Awaitable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class Context(Protocol):
    """``self.ctx``: the life of one request."""

    def wait_until(self, awaitable: Awaitable[Any]) -> None:
        """Let work go on after the response, for up to 30 seconds."""

    def waitUntil(self, awaitable: Awaitable[Any]) -> None:  # noqa: N802
        """Do the same under the platform's other name."""


class Env:
    """``self.env``: bindings and plain values by name."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def __getattr__(self, name: str) -> Any:
        values: dict[str, Any] = self.__dict__.get("_values", {})
        if name in values:
            return values[name]
        if name.startswith("__"):
            raise AttributeError(name)
        near = difflib.get_close_matches(name, values, n=1)
        hint = f"; did you mean env.{near[0]}?" if near else f"; there are: {', '.join(values) or 'none'}"
        raise AttributeError(f"env has no binding {name}{hint}")

    def add(self, values: Mapping[str, Any]) -> None:
        """Add bindings, in the place of values of the same name."""
        self._values.update(values)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)


class WorkerEntrypoint:
    """The base of a Worker's ``class Default``; one is made for each request."""

    def __init__(self, ctx: Context, env: Env) -> None:
        self.ctx = ctx
        self.env = env


class DurableObject:
    """The base of a class whose instances have names: container classes."""

    def __init__(self, ctx: Any, env: Env) -> None:
        self.ctx = ctx
        self.env = env


@dataclass(frozen=True)
class ScheduledController:
    """What ``scheduled`` gets: which cron trigger came due, and when, in milliseconds since 1970."""

    cron: str
    scheduled_time: int
    type: str = "scheduled"

    @property
    def scheduledTime(self) -> int:  # noqa: N802 (the platform's name)
        """Return the same under the platform's other name."""
        return self.scheduled_time
