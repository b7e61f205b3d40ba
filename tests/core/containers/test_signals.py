"""Signals to the Worker: an answer, none in time, an exception, the end."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from core.clock import VirtualClock, run_virtual
from core.containers.signals import ANSWER_WITHIN_S, InstanceSignal, OnSignal, Signals
from core.events.bus import EventBus
from core.events.types import Notice
from tests.core.containers.rig import Recording

T = TypeVar("T")
EXPIRED = InstanceSignal("APP", "user-1", "expired")


def told(on_signal: OnSignal | None, work: Callable[[Signals], Awaitable[T]]) -> tuple[T, list[str], float]:
    """Run ``work`` with signals; return its result, the notices, and the time that it took in seconds."""
    clock = VirtualClock()

    async def main() -> tuple[T, list[str], float]:
        bus = EventBus(clock)
        seen = Recording(bus)
        result = await work(Signals(on_signal, bus))
        return result, [notice.message for notice in seen.of(Notice)], clock.now_s()

    return run_virtual(main(), clock)


@pytest.mark.parametrize("answer", [True, False])
def test_the_answer_of_the_hook_is_returned(answer: bool) -> None:
    async def hook(signal: InstanceSignal) -> bool:
        return answer

    assert told(hook, lambda signals: signals.ask(EXPIRED))[:2] == (answer, [])


def test_without_a_hook_the_answer_is_false() -> None:
    assert told(None, lambda signals: signals.ask(EXPIRED))[:2] == (False, [])


def test_an_exception_counts_as_false_and_is_told() -> None:
    async def hook(signal: InstanceSignal) -> bool:
        raise ValueError("no such thing")

    answer, notices, _ = told(hook, lambda signals: signals.ask(EXPIRED))
    assert answer is False
    assert notices == ["the Worker's hook for the instance (expired) failed: ValueError: no such thing"]


def test_a_hook_that_takes_too_long_counts_as_false_and_is_given_up() -> None:
    ended = []

    async def hook(signal: InstanceSignal) -> bool:
        try:
            await asyncio.sleep(1_000)
        finally:
            ended.append(signal)
        return True

    answer, notices, took_s = told(hook, lambda signals: signals.ask(EXPIRED))
    assert (answer, took_s, ended) == (False, ANSWER_WITHIN_S, [EXPIRED])
    assert notices == ["the Worker's hook for the instance (expired) took more than 30 s and was given up"]


def test_who_sends_does_not_wait() -> None:
    done = asyncio.Event()

    async def hook(signal: InstanceSignal) -> bool:
        await asyncio.sleep(3)
        done.set()
        return True

    async def work(signals: Signals) -> bool:
        signals.send(EXPIRED)
        at_once = done.is_set()
        await done.wait()
        return at_once

    assert told(hook, work) == (False, [], 3.0)


def test_closing_ends_the_hooks_at_work_and_nothing_is_told_after_it() -> None:
    calls, ended = [], []

    async def hook(signal: InstanceSignal) -> bool:
        calls.append(signal)
        try:
            await asyncio.sleep(20)
        finally:
            ended.append(signal)
        return True

    async def work(signals: Signals) -> bool:
        signals.send(EXPIRED)
        await asyncio.sleep(0)
        await signals.close()
        return await signals.ask(EXPIRED)

    assert told(hook, work) == (False, [], 0.0)
    assert calls == ended == [EXPIRED]
