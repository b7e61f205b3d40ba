"""Rows of instances: in natural order, through every state, and for a while after the end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events.types import ColdStartWaiting, InstanceSample, InstanceState
from core.frames.frame import HISTORY_SAMPLES, InstanceRow
from core.frames.instances import (
    ENDED_ROWS,
    ENDED_SHOWN_S,
    SAMPLE_HOLDS_S,
    InstancesFold,
    natural_order,
)
from tests.core.events.examples import CONTAINERS
from tests.core.frames.events import changed, phase, pulled


def sample(time_s: float, instance: str = "app-1", memory_mib: float = 90.0) -> InstanceSample:
    return InstanceSample(
        time_s=time_s,
        instance=instance,
        container="app",
        region="us-east",
        kind="measured",
        memory_mib=memory_mib,
        app_memory_mib=memory_mib * 0.8,
        memory_limit_mib=1000.0,
        cpu_percent=12.0,
        cpu_total_s=1.0,
    )


def row(fold: InstancesFold, now_s: float) -> InstanceRow:
    (found,) = fold.rows(now_s, {})["us-east"]
    return found


def names(fold: InstancesFold, now_s: float) -> list[str]:
    return [one.instance for one in fold.rows(now_s, {}).get("us-east", [])]


@given(st.lists(st.tuples(st.sampled_from(("app", "render")), st.integers(0, 300)), unique=True))
def test_names_are_ordered_as_a_person_counts(numbered: list[tuple[str, int]]) -> None:
    ordered = sorted((f"{name}-{number}" for name, number in numbered), key=natural_order)
    assert ordered == [f"{name}-{number}" for name, number in sorted(numbered)]


@given(st.text(max_size=8), st.text(max_size=8))
def test_any_two_names_can_be_ordered(one: str, other: str) -> None:
    assert (natural_order(one) < natural_order(other)) or (natural_order(other) <= natural_order(one))


def test_rows_are_by_region_and_in_natural_order() -> None:
    fold = InstancesFold()
    for name in ("app-10", "app-2", "render-1"):
        fold.changed(changed(1.0, name, "ready"))
    fold.changed(changed(1.0, "app-3", "ready", region="eu-west"))
    rows = fold.rows(2.0, {"app-2": 4.5})
    assert {region: [one.instance for one in found] for region, found in rows.items()} == {
        "us-east": ["app-2", "app-10", "render-1"],
        "eu-west": ["app-3"],
    }
    assert [one.requests_per_second for one in rows["us-east"]] == [4.5, 0.0, 0.0]


def test_a_start_shows_its_phase_and_who_waits_until_it_is_ready() -> None:
    fold = InstancesFold()
    fold.changed(changed(1.0, "app-1", "placed"))
    fold.phase(phase(1.1, "app-1", "create"))
    fold.waiting(ColdStartWaiting(time_s=1.2, instance="app-1", waiting=3))
    starting = row(fold, 1.5)
    assert (starting.starting_phase, starting.starting_phase_since_s, starting.waiting) == ("create", 1.1, 3)
    fold.changed(changed(2.0, "app-1", "ready"))
    fold.phase(phase(2.1, "app-1", "first_response"))
    ready = row(fold, 2.5)
    assert (ready.state, ready.since_s, ready.starting_phase, ready.waiting) == ("ready", 2.0, None, 0)


def test_memory_is_of_the_newest_sample_with_those_before_it_as_history() -> None:
    fold = InstancesFold()
    fold.changed(changed(0.0, "app-1", "ready"))
    for number in range(HISTORY_SAMPLES + 5):
        fold.sample(sample(number, memory_mib=float(number)))
    newest = row(fold, HISTORY_SAMPLES + 5)
    assert newest.memory_mib == HISTORY_SAMPLES + 4
    assert newest.memory_history_mib == tuple(map(float, range(5, HISTORY_SAMPLES + 5)))
    assert (newest.memory_limit_mib, newest.memory_kind) == (1000.0, "measured")


def test_the_limit_is_the_class_s_before_the_first_sample() -> None:
    fold = InstancesFold()
    fold.classes(CONTAINERS)
    fold.changed(changed(0.0, "render-1", "ready", driver="simulated"))
    assert (row(fold, 1.0).memory_limit_mib, row(fold, 1.0).memory_kind) == (256.0, "emulated")


def test_a_cpu_figure_grows_too_old_to_be_shown_and_memory_does_not() -> None:
    fold = InstancesFold()
    fold.changed(changed(0.0, "app-1", "ready"))
    fold.sample(sample(1.0))
    assert row(fold, 1.0 + SAMPLE_HOLDS_S / 2).cpu_percent == 12.0
    assert row(fold, 1.0 + SAMPLE_HOLDS_S).cpu_percent == 0.0
    assert row(fold, 1.0 + SAMPLE_HOLDS_S).memory_mib == 90.0


def test_an_ended_instance_is_shown_for_a_while_with_its_reason() -> None:
    fold = InstancesFold()
    fold.changed(changed(0.0, "app-1", "ready"))
    fold.sample(sample(1.0))
    fold.changed(changed(5.0, "app-1", "failed", reason="killed", exit_code=137, out_of_memory=True))
    fold.sample(sample(5.5))
    ended = row(fold, 5.0 + ENDED_SHOWN_S)
    assert (ended.state, ended.reason, ended.exit_code, ended.out_of_memory) == (
        "failed",
        "killed",
        137,
        True,
    )
    assert (ended.memory_mib, ended.cpu_percent, ended.memory_history_mib) == (0.0, 0.0, (90.0,))
    assert names(fold, 5.1 + ENDED_SHOWN_S) == []


def test_an_instance_that_starts_again_begins_a_new_history() -> None:
    fold = InstancesFold()
    fold.changed(changed(0.0, "app-1", "ready"))
    fold.sample(sample(1.0))
    fold.changed(changed(2.0, "app-1", "stopped"))
    fold.changed(changed(3.0, "app-1", "placed"))
    assert (row(fold, 4.0).state, row(fold, 4.0).memory_history_mib) == ("placed", ())


def test_of_many_ended_ones_the_last_few_stay_and_all_that_live() -> None:
    fold = InstancesFold()
    fold.changed(changed(0.0, "app-0", "ready"))
    for number in range(1, 100):
        fold.changed(changed(number, f"app-{number}", "ready"))
        fold.changed(changed(number + 0.5, f"app-{number}", "stopped"))
    assert names(fold, 100.0) == ["app-0", *(f"app-{number}" for number in range(100 - ENDED_ROWS, 100))]


@pytest.mark.parametrize(
    "event", [phase(1.0, "app-9", "boot"), sample(1.0, "app-9")], ids=["phase", "sample"]
)
def test_what_is_said_of_an_unknown_instance_makes_no_row(event: object) -> None:
    fold = InstancesFold()
    if isinstance(event, InstanceSample):
        fold.sample(event)
    else:
        fold.phase(event)  # type: ignore[arg-type]
    fold.waiting(ColdStartWaiting(time_s=1.2, instance="app-9", waiting=3))
    assert fold.rows(2.0, {}) == {}


def test_a_pull_shows_its_layers_until_the_start_goes_on() -> None:
    fold = InstancesFold()
    fold.changed(changed(1.0, "app-1", "placed"))
    fold.pull(pulled(1.1, "app-1", 10, 0))
    fold.changed(changed(1.2, "app-1", "pulling"))
    fold.pull(pulled(1.3, "app-1", 60, 20))
    pull = row(fold, 1.4).pull
    assert pull is not None
    assert pull.image == "shop/app:1"
    assert [layer.current_bytes for layer in pull.layers] == [60, 20]
    fold.phase(phase(1.5, "app-1", "create"))
    assert row(fold, 1.5).pull is None
    fold.pull(pulled(1.6, "app-1", 100, 100))
    assert row(fold, 1.6).pull is None


@pytest.mark.parametrize("state", ["creating", "stopping", "failed"])
def test_an_instance_that_has_moved_on_pulls_nothing(state: InstanceState) -> None:
    fold = InstancesFold()
    fold.changed(changed(1.0, "app-1", "pulling"))
    fold.pull(pulled(1.3, "app-1", 60))
    fold.changed(changed(1.4, "app-1", state))
    assert row(fold, 1.5).pull is None


def test_what_every_end_lost_is_shown_and_added_up() -> None:
    fold = InstancesFold()
    fold.changed(changed(1.0, "app-1", "placed"))
    one = row(fold, 1.0)
    assert (one.lost_disk_bytes, one.lost_disk_total_bytes, one.ends) == (None, 0, 0)
    fold.changed(changed(2.0, "app-1", "stopped", lost_disk_bytes=4096))
    fold.changed(changed(3.0, "app-1", "placed"))
    one = row(fold, 3.0)
    assert (one.lost_disk_bytes, one.lost_disk_total_bytes, one.ends) == (4096, 4096, 1)
    fold.changed(changed(4.0, "app-1", "failed", lost_disk_bytes=1000))
    one = row(fold, 4.0)
    assert (one.lost_disk_bytes, one.lost_disk_total_bytes, one.ends) == (1000, 5096, 2)


def test_a_loss_that_nobody_could_measure_is_unknown_and_not_nothing() -> None:
    fold = InstancesFold()
    fold.changed(changed(2.0, "app-1", "stopped", lost_disk_bytes=4096))
    fold.changed(changed(3.0, "app-1", "placed"))
    fold.changed(changed(4.0, "app-1", "failed"))
    one = row(fold, 4.0)
    assert (one.lost_disk_bytes, one.lost_disk_total_bytes, one.ends) == (None, 4096, 2)
