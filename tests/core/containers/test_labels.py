"""Labels of named instances: short, valid for every driver, and never one label for two."""

import re

from hypothesis import given
from hypothesis import strategies as st

from core.containers.labels import LONGEST_PLAIN, label_for

CLASSES = ("app", "app-b", "c")
VALID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
"""What Docker allows in the name of a container."""


def label(name: str, container: str = "app", taken: set[str] | None = None) -> str:
    return label_for(container, name, CLASSES, taken or set())


def test_a_plain_name_is_seen_as_it_is() -> None:
    assert label("user-1") == "app-user-1"


def test_a_number_is_not_taken_for_one_of_the_pool() -> None:
    assert re.fullmatch(r"app-1_[0-9a-f]{6}", label("1"))


def test_names_that_differ_only_in_what_a_label_cannot_hold_have_two_labels() -> None:
    names = ["user 1", "user/1", "User-1", "user-1", "üser-1", ""]
    labels = [label(name) for name in names]
    assert len(set(labels)) == len(names)
    assert all(re.fullmatch(r"app-(user|ser)-1(_[0-9a-f]{6})?|app_[0-9a-f]{6}", one) for one in labels)


def test_a_label_that_reads_as_two_classes_belongs_to_the_longer_one() -> None:
    assert label("x", "app-b") == "app-b-x"
    assert label("b-x", "app").startswith("app-b-x_")


def test_a_name_that_is_not_to_be_seen_is_told_by_its_digits_alone() -> None:
    assert re.fullmatch(r"app_[0-9a-f]{6}", label_for("app", "s3cr3t", CLASSES, set(), shown=""))


def test_a_taken_label_is_made_longer() -> None:
    first = label("user 1")
    assert label("user 1", taken={first}).startswith(first)
    assert label("user-1", taken={"app-user-1"}).startswith("app-user-1_")


@given(st.lists(st.tuples(st.sampled_from(CLASSES), st.text(max_size=80)), unique=True, max_size=12))
def test_labels_are_valid_short_and_different_whatever_the_names(names: list[tuple[str, str]]) -> None:
    taken: set[str] = set()
    for container, name in names:
        made = label_for(container, name, CLASSES, taken)
        assert VALID.fullmatch(made)
        assert len(made) <= len(container) + 1 + LONGEST_PLAIN + 1 + 12
        assert made not in taken
        taken.add(made)
