"""CPU time per request: the thread's CPU clock around each step of a request's tasks."""

import asyncio
import contextvars
import time
from collections.abc import Awaitable, Coroutine, Generator
from typing import Any, TypeVar

from core.worker.python.visit import CURRENT, CpuLimitExceeded, Visit

T = TypeVar("T")


class Metered(Coroutine[Any, Any, T]):
    """A coroutine whose every step is charged to a visit, and ended when the visit's limit is passed."""

    def __init__(self, inner: Coroutine[Any, Any, T] | Generator[Any, Any, T], visit: Visit) -> None:
        self._inner = inner
        self._visit = visit

    def send(self, value: Any) -> Any:
        if self._visit.over_limit:
            return self._inner.throw(CpuLimitExceeded())
        self._visit.marks[0] = self._visit.number
        started_s = time.thread_time()
        try:
            return self._inner.send(value)
        finally:
            self._visit.cpu_s += time.thread_time() - started_s

    def throw(self, *error: Any) -> Any:
        self._visit.marks[0] = self._visit.number
        started_s = time.thread_time()
        try:
            return self._inner.throw(*error)
        finally:
            self._visit.cpu_s += time.thread_time() - started_s

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Generator[Any, None, T]:
        return self

    def __iter__(self) -> "Metered[T]":
        return self

    def __next__(self) -> Any:
        return self.send(None)


async def _await(awaitable: Awaitable[T]) -> T:
    return await awaitable


def metered(awaitable: Awaitable[T], visit: Visit) -> Metered[T]:
    """Charge what runs while ``awaitable`` is awaited in this task."""
    inner = awaitable if isinstance(awaitable, Coroutine) else _await(awaitable)
    return Metered(inner, visit)


def metering_task_factory(
    loop: asyncio.AbstractEventLoop,
    coroutine: Coroutine[Any, Any, T] | Generator[Any, None, T],
    context: contextvars.Context | None = None,
    **options: Any,
) -> "asyncio.Task[T]":
    """Make a task; one that a request makes is charged to it. Newer Pythons give further ``options``."""
    visit = CURRENT.get() if context is None else context.get(CURRENT)
    if visit is not None:
        coroutine = Metered(coroutine, visit)
    return asyncio.Task(coroutine, loop=loop, context=context, **options)
