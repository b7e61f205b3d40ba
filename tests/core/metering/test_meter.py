"""Usage from events alone: what ran and passed through, in whole numbers that add up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events.types import AnyEvent, EngineStopped, Hop, InstanceSample, RequestFinished
from core.metering.meter import Meter
from core.metering.usage import USAGE_FIELDS, Usage
from tests import streams
from tests.core.events.examples import STARTED, runs
from tests.core.frames.events import changed, request, to_container

END_S = 500.0


def metered(events: list[AnyEvent], meter: Meter | None = None) -> Meter:
    meter = meter or Meter()
    for event in events:
        meter.apply(event)
    return meter


def usage_of(*events: AnyEvent, until_s: float = END_S) -> Usage:
    return metered([STARTED, *events]).usage(until_s)


def amounts(usage: Usage) -> list[int]:
    return [getattr(usage, name) for name in USAGE_FIELDS]


def sample(time_s: float, cpu_total_s: float, instance: str = "app-1") -> InstanceSample:
    return InstanceSample(
        time_s=time_s,
        instance=instance,
        container="app",
        region="us-east",
        kind="measured",
        memory_mib=90.0,
        app_memory_mib=80.0,
        memory_limit_mib=1024.0,
        cpu_percent=10.0,
        cpu_total_s=cpu_total_s,
    )


def check_halves(events: list[AnyEvent], time_s: float) -> None:
    whole = metered(events).usage(END_S)
    first = metered([event for event in events if event.time_s <= time_s])
    second = metered([event for event in events if event.time_s > time_s], first.next_period(time_s))
    assert first.usage(time_s) + second.usage(END_S) == whole


@given(runs, st.floats(0, 450))
def test_the_usage_of_two_halves_is_that_of_the_whole(events: list[AnyEvent], time_s: float) -> None:
    check_halves(events, time_s)


@pytest.mark.parametrize("time_s", [0.0, 2.1, 47.123456, 60.0, 400.0])
def test_a_busy_deployment_can_be_billed_in_two_months(time_s: float) -> None:
    check_halves(streams.busy(), time_s)


@given(runs)
def test_usage_is_never_negative_and_never_shrinks(events: list[AnyEvent]) -> None:
    meter = Meter()
    before = amounts(meter.usage(0.0))
    for event in events:
        meter.apply(event)
        after = amounts(meter.usage(event.time_s))
        assert all(new >= old >= 0 for new, old in zip(after, before, strict=True))
        assert 0 <= meter.idle_share(event.time_s) <= 1
        before = after
    assert min(amounts(meter.provisioned_per_s())) >= 0


def test_an_instance_is_metered_from_running_to_stopped() -> None:
    usage = usage_of(
        changed(1.0, "app-1", "placed"),
        changed(2.0, "app-1", "creating"),
        changed(10.0, "app-1", "running"),
        changed(11.0, "app-1", "ready"),
        changed(19.0, "app-1", "stopping"),
        changed(20.0, "app-1", "stopped"),
    )
    assert usage == Usage(memory_mib_ticks=1024 * 1000, disk_mb_ticks=4000 * 1000, object_ticks=1000)


@pytest.mark.parametrize(
    ("lasted_s", "ticks"), [(0.0, 0), (0.001, 1), (0.01, 1), (0.010001, 2), (0.0199, 2), (1.0, 100)]
)
def test_a_tick_of_ten_milliseconds_that_has_begun_counts_whole(lasted_s: float, ticks: int) -> None:
    ended = changed(5.0 + lasted_s, "app-1", "stopped")
    assert usage_of(changed(5.0, "app-1", "ready"), ended).object_ticks == ticks


def test_a_running_instance_is_metered_until_now_and_at_the_engines_end_no_more() -> None:
    running = changed(0.0, "app-1", "ready")
    assert usage_of(running, until_s=30.0).object_ticks == 3000
    assert usage_of(running, until_s=31.0).object_ticks == 3100
    stopped = EngineStopped(time_s=31.0, reason="asked to stop")
    assert usage_of(running, stopped, until_s=99.0).object_ticks == 3100


def test_each_class_is_metered_by_its_own_limits() -> None:
    meter = metered([STARTED, changed(0.0, "app-1", "ready"), changed(0.0, "render-1", "ready")])
    per_s = Usage(memory_mib_ticks=(1024 + 256) * 100, disk_mb_ticks=(4000 + 2000) * 100, object_ticks=200)
    assert meter.provisioned_per_s() == per_s
    assert meter.usage(1.0) == per_s


def test_cpu_is_what_the_samples_say_for_each_run_of_an_instance() -> None:
    usage = usage_of(
        changed(0.0, "app-1", "ready"),
        sample(1.0, 0.5),
        sample(2.0, 1.25),
        sample(3.0, 1.25),
        changed(4.0, "app-1", "stopped"),
        sample(4.5, 9.0),
        changed(5.0, "app-1", "ready"),
        sample(6.0, 0.125),
    )
    assert usage.vcpu_us == 1_375_000


def test_a_fetch_to_the_outside_is_no_request_to_an_object() -> None:
    trace = (Hop("worker", 0.0, 9.0, "measured"), Hop("outbound", 1.0, 5.0, "measured", "example.com", 2))
    usage = usage_of(to_container(2.0, sub_requests=2, trace=trace))
    assert usage.object_requests == 1


def test_requests_count_once_and_their_calls_of_containers_for_the_objects() -> None:
    usage = usage_of(request(1.0, worker_cpu_ms=1.5), to_container(2.0, worker_cpu_ms=0.25, sub_requests=3))
    assert (usage.requests, usage.worker_cpu_us, usage.object_requests) == (2, 1750, 3)


@pytest.mark.parametrize(
    ("event", "egress_bytes"),
    [
        (to_container(1.0, response_bytes=700), (700, 0)),
        (to_container(1.0, region="ap-northeast", response_bytes=700), (0, 700)),
        (to_container(1.0, region="nowhere", response_bytes=700), (0, 700)),
        (to_container(1.0, outcome="canceled", response_bytes=300), (300, 0)),
        (to_container(1.0, outcome="error", response_bytes=700), (0, 0)),
        (request(1.0, response_bytes=700), (0, 0)),
    ],
    ids=["near", "far", "unknown region", "canceled", "error", "answered at the edge"],
)
def test_egress_is_what_left_containers_by_zone(
    event: RequestFinished, egress_bytes: tuple[int, int]
) -> None:
    usage = usage_of(event)
    assert (usage.egress_north_america_europe_bytes, usage.egress_elsewhere_bytes) == egress_bytes
    assert usage.egress_oceania_korea_taiwan_bytes == 0


def served(start_s: float, duration_ms: float, instance: str = "app-1") -> RequestFinished:
    hop = Hop("container", 0.0, duration_ms, "measured", instance, 1)
    return to_container(start_s + duration_ms / 1000, instance=instance, start_s=start_s, trace=(hop,))


def test_the_idle_share_is_the_memory_time_without_requests() -> None:
    meter = metered([STARTED, changed(0.0, "app-1", "ready"), served(2.0, 3000.0), served(4.0, 2000.0)])
    assert meter.idle_share(8.0) == 0.5
    assert meter.idle_share(16.0) == 0.75
    meter.apply(changed(16.0, "app-1", "stopped"))
    assert meter.idle_share(1000.0) == 0.75


def test_a_larger_instance_weighs_more_in_the_idle_share() -> None:
    ready = [changed(0.0, "app-1", "ready"), changed(0.0, "render-1", "ready")]
    meter = metered([STARTED, *ready, served(0.0, 10_000.0, "render-1")])
    assert meter.idle_share(10.0) == pytest.approx(1024 / (1024 + 256))


def test_where_nothing_ran_nothing_was_idle() -> None:
    assert Meter().idle_share(100.0) == 0.0
    assert usage_of(until_s=100.0) == Usage()
