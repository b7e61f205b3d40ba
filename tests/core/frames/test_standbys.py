"""What stands prepared."""

from core.events.types import StandbyChanged
from core.frames.standbys import StandbysFold
from core.model.start_policies import StartPolicyName


def changed(
    container: str, region: str, prepared: int, wanted: int, policy: StartPolicyName = "paused"
) -> StandbyChanged:
    return StandbyChanged(
        time_s=1.0, container=container, region=region, policy=policy, prepared=prepared, wanted=wanted
    )


def test_the_last_word_of_each_class_and_region_counts() -> None:
    fold = StandbysFold()
    for event in (
        changed("b", "us-east", 1, 2),
        changed("a", "eu-west", 0, 1),
        changed("b", "us-east", 2, 2),
    ):
        fold.changed(event)
    assert [(one.container, one.region, one.prepared, one.wanted) for one in fold.rows()] == [
        ("a", "eu-west", 0, 1),
        ("b", "us-east", 2, 2),
    ]


def test_where_nothing_shall_stand_prepared_there_is_no_row() -> None:
    fold = StandbysFold()
    fold.changed(changed("app", "us-east", 2, 2))
    fold.changed(changed("app", "us-east", 2, 0, "plain"))
    assert fold.rows()[0].prepared == 2
    fold.changed(changed("app", "us-east", 0, 0, "plain"))
    assert fold.rows() == ()
