"""CPU time is exact for a request alone, and shared out evenly among several."""

import os

from core.worker.runtime import CpuTime
from core.worker.workerd.cpu import CpuMeter, ProcessCpu


class Clock:
    """CPU time that the test moves."""

    def __init__(self) -> None:
        self.ms = 100.0

    def used_ms(self) -> float:
        return self.ms


def test_a_request_alone_gets_all_of_it() -> None:
    clock = Clock()
    visit = CpuMeter(clock.used_ms).begin()
    clock.ms += 8
    assert visit.end() == CpuTime(8.0, "measured")


def test_time_between_requests_is_nobody_s() -> None:
    clock = Clock()
    meter = CpuMeter(clock.used_ms)
    meter.begin().end()
    clock.ms += 50
    visit = meter.begin()
    clock.ms += 1
    assert visit.end().ms == 1.0


def test_requests_side_by_side_share_and_say_so() -> None:
    clock = Clock()
    meter = CpuMeter(clock.used_ms)
    first = meter.begin()
    clock.ms += 2
    second = meter.begin()
    clock.ms += 6
    assert first.end() == CpuTime(5.0, "estimated")
    clock.ms += 4
    assert second.end() == CpuTime(7.0, "estimated")


def test_the_first_end_counts() -> None:
    clock = Clock()
    visit = CpuMeter(clock.used_ms).begin()
    clock.ms += 1
    visit.end()
    clock.ms += 1
    assert visit.end().ms == 1.0


def test_a_process_s_time_grows_and_outlives_it() -> None:
    cpu = ProcessCpu(os.getpid())
    before_ms = cpu.used_ms()
    while cpu.used_ms() <= before_ms:
        sum(range(10_000))
    last_ms = cpu.used_ms()
    cpu.close()
    assert cpu.used_ms() >= last_ms > before_ms
