"""Regions: in the deployment's order, each with its state, its traffic and its instances."""

import pytest

from core.events.types import RegionChanged
from core.frames.frame import RegionRow
from core.frames.regions import RegionsFold
from tests.core.events.examples import STARTED
from tests.core.frames.events import changed, request, to_container


def started() -> RegionsFold:
    fold = RegionsFold()
    fold.started(STARTED)
    return fold


def rows(fold: RegionsFold, now_s: float = 5.0) -> dict[str, RegionRow]:
    return {row.info.id: row for row in fold.rows(now_s, since_s=0.0)}


def test_regions_come_in_the_order_of_the_deployment() -> None:
    fold = started()
    fold.instances.changed(changed(1.0, "app-2", "ready", region="ap-northeast"))
    fold.instances.changed(changed(1.0, "app-1", "ready"))
    assert list(rows(fold)) == ["us-east", "ap-northeast"]
    assert [one.instance for one in rows(fold)["us-east"].instances] == ["app-1"]


def test_a_region_is_starting_until_it_says_otherwise() -> None:
    fold = started()
    fold.changed(
        RegionChanged(
            time_s=1.0,
            region="us-east",
            driver="docker",
            state="unavailable",
            message="Docker does not answer",
            advice="start it",
        )
    )
    lost, quiet = rows(fold).values()
    assert (lost.state, lost.message, lost.advice) == ("unavailable", "Docker does not answer", "start it")
    assert (quiet.state, quiet.message, quiet.advice) == ("starting", "", "")
    fold.changed(RegionChanged(time_s=2.0, region="us-east", driver="docker", state="ready"))
    assert (rows(fold)["us-east"].state, rows(fold)["us-east"].message) == ("ready", "")


def test_traffic_is_that_of_the_regions_own_requests() -> None:
    fold = started()
    for duration_ms in (10.0, 20.0, 90.0):
        fold.request(to_container(4.0, duration_ms=duration_ms, region_rtt_ms=duration_ms / 10))
    fold.request(to_container(4.5, status=502, region="ap-northeast", instance="app-2"))
    fold.request(request(4.5, duration_ms=1000.0))
    near, far = rows(fold).values()
    assert near.requests_per_second == pytest.approx(3 / 5)
    assert (near.p50_ms, near.mean_rtt_ms, near.errors_per_second) == (20.0, 4.0, 0.0)
    assert far.errors_per_second == far.requests_per_second == pytest.approx(1 / 5)


def test_an_instances_rate_is_that_of_its_own_requests_and_decays() -> None:
    fold = started()
    for name in ("app-1", "app-2"):
        fold.instances.changed(changed(0.5, name, "ready"))
    for number in range(10):
        fold.request(to_container(4.0, instance="app-1" if number < 9 else "app-2"))
    rates = [one.requests_per_second for one in rows(fold)["us-east"].instances]
    assert rates == [pytest.approx(9 / 5), pytest.approx(1 / 5)]
    assert [one.requests_per_second for one in rows(fold, 60.0)["us-east"].instances] == [0.0, 0.0]


def test_a_region_that_was_never_declared_is_shown_all_the_same() -> None:
    fold = RegionsFold()
    fold.instances.changed(changed(1.0, "app-1", "ready", region="eu-west", driver="process"))
    fold.changed(RegionChanged(time_s=1.0, region="us-east", driver="docker", state="ready"))
    found = rows(fold)
    assert {name: row.info.driver for name, row in found.items()} == {
        "us-east": "docker",
        "eu-west": "process",
    }
    assert found["us-east"].info.city == ""
