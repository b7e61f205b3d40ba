"""Whose a thing is, and whether its owner still runs."""

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.containers.drivers.docker.labels import HOST, OWNER, Owner, label_filter, may_be_removed

ME = Owner.this_process()
DEAD = Owner(2**22 - 3, 1.0, ME.host)
OTHER = Owner(1, psutil.Process(1).create_time(), ME.host)
ELSEWHERE = Owner(2**22 - 3, 1.0, "another-machine")


@given(st.integers(1, 2**22), st.floats(0, 4e9), st.text("abc-09", min_size=1))
def test_a_mark_survives_being_written_as_labels(pid: int, started_s: float, host: str) -> None:
    owner = Owner(pid, started_s, host)
    assert owner.is_same(Owner.of(owner.labels))


@pytest.mark.parametrize(("owner", "removed"), [(ME, True), (DEAD, True), (OTHER, False), (ELSEWHERE, False)])
def test_only_what_an_ended_process_or_this_one_made_may_be_removed(owner: Owner, removed: bool) -> None:
    assert may_be_removed(owner.labels, ME) == removed


@pytest.mark.parametrize("labels", [{}, {OWNER: "nonsense"}, {OWNER: "12", HOST: "x"}])
def test_what_has_no_readable_mark_may_be_removed(labels: dict[str, str]) -> None:
    assert Owner.of(labels) is None
    assert may_be_removed(labels, ME)


def test_a_process_that_took_the_number_of_an_ended_one_is_another() -> None:
    reused = Owner(ME.pid, ME.started_s - 60, ME.host)
    assert not ME.is_same(reused)
    assert not reused.is_alive()


def test_the_filter_names_the_labels_in_full() -> None:
    assert label_filter(deployment="shop", region="us") == {
        "label": ["io.hybrid-tui.deployment=shop", "io.hybrid-tui.region=us"]
    }
