"""Notices and the Worker's exceptions are kept, bounded, and what is said again only once."""

from typing import Literal

from core.events.types import Notice, WorkerLogged
from core.frames.frame import RECENT_NOTICES, NoticeRow
from core.frames.notices import NoticesFold


def notice(time_s: float, message: str = "memory is full") -> Notice:
    return Notice(
        time_s=time_s, level="warning", subject="app-1", message=message, advice="choose a larger type"
    )


def log(
    time_s: float, level: Literal["log", "warning", "error", "exception"], message: str = "KeyError"
) -> WorkerLogged:
    return WorkerLogged(time_s=time_s, worker="shop", trace_id="1", level=level, message=message)


def test_a_notice_is_kept_as_it_was_said() -> None:
    fold = NoticesFold()
    fold.notice(notice(1.0))
    assert fold.rows() == (NoticeRow(1.0, "warning", "app-1", "memory is full", "choose a larger type"),)


def test_an_exception_is_an_error_of_the_worker_and_a_printed_line_is_none() -> None:
    fold = NoticesFold()
    for level in ("log", "warning", "error", "exception"):
        fold.logged(log(1.0, level))
    assert fold.rows() == (NoticeRow(1.0, "error", "shop", "KeyError", ""),)


def test_the_same_exception_again_and_again_takes_one_place() -> None:
    fold = NoticesFold()
    for number in range(500):
        fold.logged(log(number, "exception"))
    fold.logged(log(600.0, "exception", "TypeError"))
    fold.logged(log(601.0, "exception"))
    told = [(row.message, row.time_s, row.times) for row in fold.rows()]
    assert told == [("TypeError", 600.0, 1), ("KeyError", 601.0, 501)]
    assert fold.dropped == 0


def test_a_notice_said_again_comes_to_the_top_and_is_counted() -> None:
    fold = NoticesFold()
    for time_s, message in ((1.0, "a"), (2.0, "b"), (3.0, "a")):
        fold.notice(notice(time_s, message))
    assert [(row.message, row.time_s, row.times) for row in fold.rows()] == [("b", 2.0, 1), ("a", 3.0, 2)]


def test_the_oldest_notices_go_and_are_counted() -> None:
    fold = NoticesFold()
    for number in range(RECENT_NOTICES + 7):
        fold.notice(notice(number, f"notice {number}"))
    rows = fold.rows()
    assert (len(rows), fold.dropped) == (RECENT_NOTICES, 7)
    assert (rows[0].message, rows[-1].message) == ("notice 7", f"notice {RECENT_NOTICES + 6}")
