"""The list of scaling decisions, and the page of one."""

import msgspec
import pytest

from core.frames.frame import Dropped, ScalingRow
from tests.tui.frames import changed, frame
from tui.panes.decisions import change, decision_key, decision_rows, find_decision, keys, layout, subtitle
from tui.panes.rows import Area, View, cells

SOME = ScalingRow(5.0, "app", "us-east", "concurrency", 2, 4, "63 requests are in flight at 2 of 2")


def texts(width: int, height: int = 30, name: str = "busy") -> list[str]:
    return [row.text for row in layout(frame(name), Area(width, height), View())]


def test_the_newest_stands_first_with_who_decided_and_why() -> None:
    first = texts(120)[1]
    for part in ("app", "us-east", "▲ 5 → 7", "manual", "asked for by a person"):
        assert part in first, part


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("height", [1, 3, 10, 30])
def test_it_fits_every_size(width: int, height: int) -> None:
    drawn = texts(width, height)
    assert len(drawn) <= height
    assert {cells(text) for text in drawn} == {width}


@pytest.mark.parametrize(
    ("before", "after", "words"), [(2, 4, "▲ 2 → 4"), (4, 2, "▼ 4 → 2"), (3, 3, "= 3 → 3")]
)
def test_up_and_down_differ_by_sign_too(before: int, after: int, words: str) -> None:
    assert change(msgspec.structs.replace(SOME, before=before, instances=after))[0] == words


def test_what_is_in_force_stands_beside_what_is_ready() -> None:
    drawn = "\n".join(texts(120))
    assert "in force" in drawn
    assert "5 wanted, 4 ready" in drawn
    assert "in force" not in "\n".join(texts(120, 12))


def test_a_key_finds_its_decision() -> None:
    busy = frame("busy")
    assert [find_decision(busy, key) for key in keys(busy)] == list(reversed(busy.scaling))
    assert find_decision(busy, "nothing") is None


def test_the_selected_decision_is_marked_and_in_sight() -> None:
    last = keys(frame("busy"))[-1]
    rows = layout(frame("busy"), Area(100, 8), View(selected=last))
    assert [row.key for row in rows if row.cursor] == [last]


def test_none_yet_is_said_with_the_key_that_makes_one() -> None:
    assert "w sets how many" in texts(120, name="empty")[0]


def test_the_border_counts_those_that_fell_out_too() -> None:
    one = changed("busy", scaling=(SOME,))
    assert subtitle(one) == "1 decision"
    assert subtitle(changed("busy", scaling=(SOME,), dropped=Dropped(scaling=1_500))) == "1,501 decisions"


def test_the_page_has_the_whole_reason() -> None:
    reason = "a long reason " * 20
    drawn = decision_rows(msgspec.structs.replace(SOME, reason=reason.strip()), frame("busy"), 60)
    text = " ".join(" ".join(row.text.split()) for row in drawn)
    assert text.count("long") == 20
    assert "the policy concurrency" in text
    assert (
        "a person" in decision_rows(msgspec.structs.replace(SOME, policy="manual"), frame("busy"), 60)[3].text
    )


def test_two_decisions_of_one_class_have_their_own_keys() -> None:
    assert decision_key(SOME) != decision_key(msgspec.structs.replace(SOME, time_s=6.0))
