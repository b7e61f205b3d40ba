"""An instance that is emptied ends when it is empty, and after its grace in any case."""

import asyncio

from core.clock import VirtualClock, run_virtual
from core.containers.draining import Drain
from core.containers.ending import Wish

WISH = Wish("not needed", grace_s=10.0)


class One:
    """Something with requests that notes when it was asked to end."""

    def __init__(self, requests: int, clock: VirtualClock) -> None:
        self.requests = requests
        self.asked: list[tuple[Wish, float]] = []
        self.drain = Drain(self)
        self._clock = clock

    @property
    def has_requests(self) -> bool:
        return self.requests > 0

    def ask(self, wish: Wish) -> None:
        self.asked.append((wish, self._clock.now_s()))

    def leave(self) -> None:
        self.drain.request_left()
        self.requests -= 1


def _run(requests: int, leave_after_s: list[float], stop_after_s: float | None = None) -> One:
    clock = VirtualClock()
    one = One(requests, clock)

    async def main() -> None:
        one.drain.begin(WISH)
        loop = asyncio.get_running_loop()
        for after_s in leave_after_s:
            loop.call_later(after_s, one.leave)
        if stop_after_s is not None:
            loop.call_later(stop_after_s, one.drain.stop)
        await asyncio.sleep(60.0)

    run_virtual(main(), clock)
    return one


def test_an_idle_one_ends_at_once() -> None:
    assert _run(0, []).asked == [(WISH, 0.0)]


def test_a_busy_one_ends_with_its_last_request() -> None:
    assert _run(2, [1.0, 3.0]).asked == [(WISH, 3.0)]


def test_one_that_stays_busy_ends_after_the_grace_and_only_once() -> None:
    assert _run(1, [20.0]).asked == [(WISH, 10.0)]


def test_one_that_is_needed_again_does_not_end() -> None:
    one = _run(1, [2.0], stop_after_s=1.0)
    assert one.asked == []
    assert not one.drain.is_on
