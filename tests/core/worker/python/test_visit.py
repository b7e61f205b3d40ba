"""A visit: complete lines, bounded logs, counted sub-requests, and letting go at the end."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.worker.python.visit import LOG_LIMIT_BYTES, SUB_REQUEST_LIMIT, Visit


def recording(trace_id: str = "t1") -> tuple[Visit, list[str]]:
    lines: list[str] = []
    return Visit(trace_id, lambda _trace, _level, text: lines.append(text)), lines


@given(st.text(max_size=100), st.lists(st.integers(0, 100), max_size=10))
def test_lines_are_the_same_however_the_text_was_cut(text: str, cuts: list[int]) -> None:
    visit, lines = recording()
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    for start, end in itertools.pairwise(edges):
        visit.write("log", text[start:end])
    visit.flush()
    whole = text.split("\n")
    assert lines == (whole if whole[-1] else whole[:-1])


@given(st.lists(st.integers(0, LOG_LIMIT_BYTES // 2), max_size=12))
def test_no_more_than_the_limit_is_logged(sizes: list[int]) -> None:
    visit, lines = recording()
    for size in sizes:
        visit.log("log", "x" * size)
    kept = [line for line in lines if not line.startswith("log limit")]
    assert sum(map(len, kept)) <= LOG_LIMIT_BYTES
    assert len(lines) - len(kept) == (1 if sum(sizes) > LOG_LIMIT_BYTES else 0)


def test_sub_requests_are_numbered_from_1_up_to_the_limit() -> None:
    visit, _ = recording()
    assert [visit.next_sub_request() for _ in range(SUB_REQUEST_LIMIT)] == list(
        range(1, SUB_REQUEST_LIMIT + 1)
    )
    with pytest.raises(RuntimeError, match="Too many subrequests"):
        visit.next_sub_request()


async def test_what_is_held_is_let_go_once_request_and_background_are_done() -> None:
    visit, _ = recording()
    released: list[str] = []

    async def release() -> None:
        released.append("x")

    visit.hold(release)
    visit.enter_background()
    await visit.finish()
    assert released == []
    await visit.leave_background()
    assert released == ["x"]
    await visit.finish()
    assert released == ["x"]
