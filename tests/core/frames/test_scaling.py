"""Decisions on how many instances run: the last ones, and the one in force of each class and region."""

from hypothesis import given
from hypothesis import strategies as st

from core.frames.frame import RECENT_SCALING
from core.frames.scaling import ScalingFold
from tests.core.frames.events import decided

places = st.tuples(st.sampled_from(("app", "render")), st.sampled_from(("us-east", "eu-west")))


def test_a_decision_is_told_as_it_was_made() -> None:
    fold = ScalingFold()
    event = decided(3.0, 4, policy="manual", reason="asked for by a person")
    fold.decided(event)
    (row,) = fold.rows()
    assert (row.time_s, row.container, row.region, row.policy) == (3.0, "app", "us-east", "manual")
    assert (row.before, row.instances, row.reason) == (3, 4, "asked for by a person")
    assert fold.wanted() == (row,)


@given(st.lists(st.tuples(places, st.integers(0, 20)), max_size=3 * RECENT_SCALING))
def test_the_ring_holds_the_last_and_counts_the_rest(
    decisions: list[tuple[tuple[str, str], int]],
) -> None:
    fold = ScalingFold()
    for number, ((container, region), instances) in enumerate(decisions):
        fold.decided(decided(float(number), instances, container=container, region=region))
    shown = [((row.container, row.region), row.instances) for row in fold.rows()]
    assert shown == decisions[-RECENT_SCALING:]
    assert fold.dropped == max(len(decisions) - RECENT_SCALING, 0)
    in_force = {(row.container, row.region): row.instances for row in fold.wanted()}
    assert in_force == dict(decisions)
    assert list(in_force) == sorted(in_force)
