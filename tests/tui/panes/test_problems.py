"""The line of problems."""

import msgspec
import pytest

from core.frames.frame import NoticeRow
from tests.tui.frames import changed, frame
from tui.panes.problems import headline, layout, needed_height, problems
from tui.panes.rows import Area, View


def test_a_lost_region_comes_before_notices_and_is_told_once() -> None:
    found = problems(frame("failing"))
    assert found[0].subject == "ap-northeast"
    assert found[0].advice == "Start Docker; the region comes back by itself"
    assert len([one for one in found if one.subject == "ap-northeast"]) == 1


def test_notices_leave_the_line_after_a_while() -> None:
    assert problems(frame("busy"))
    assert problems(changed("busy", time_s=frame("busy").time_s + 60)) == []


def test_information_is_no_problem() -> None:
    notice = NoticeRow(time_s=1.0, level="info", subject="shop", message="Listening", advice="")
    assert problems(changed("quiet", notices=(notice,), time_s=2.0)) == []


def test_the_loss_of_a_region_is_over_when_it_is_back() -> None:
    lost = NoticeRow(time_s=1.0, level="error", subject="us-east", message="no Docker Engine", advice="")
    assert frame("quiet").regions[0].state == "ready"
    assert problems(changed("quiet", notices=(lost,), time_s=2.0)) == []


def test_a_stack_is_told_by_its_end_and_its_place() -> None:
    stack = (
        'Traceback (most recent call last):\n  File "worker.py", line 9, in fetch\n    helper()\n'
        '  File "helpers.py", line 3, in helper\n    raise ValueError("no price")\nValueError: no price'
    )
    assert headline(stack) == "ValueError: no price (helpers.py, line 3)"
    assert headline("memory is full") == "memory is full"


@pytest.mark.parametrize(
    ("stack", "told"),
    [
        (
            "TypeError: no items\n    at basketTotal (worker.ts:48:31)\n    at Object.fetch (worker.ts:6:14)",
            "TypeError: no items (worker.ts, line 48)",
        ),
        ("Error: oh\n    at lib/a b.js:7:2", "Error: oh"),
        ("Error: oh\n    at lib/a.js:7:2", "Error: oh (lib/a.js, line 7)"),
        (
            "Error: oh\n    at async Promise.all (index 0)\n    at async f (src/x.mjs:9:1)",
            "Error: oh (src/x.mjs, line 9)",
        ),
        ("Error: first\nsecond line\n    at f (w.js:3)", "Error: first (w.js, line 3)"),
        ("SyntaxError: oh\n    at <anonymous>", "SyntaxError: oh"),
        ("two\nlines", "two"),
    ],
)
def test_a_javascript_stack_is_told_by_its_beginning_and_its_first_place(stack: str, told: str) -> None:
    assert headline(stack) == told


def test_errors_come_before_warnings() -> None:
    notices = tuple(
        NoticeRow(time_s=1.0 + n, level=level, subject=level, message="m", advice="")
        for n, level in enumerate(("error", "warning"))
    )
    assert [one.level for one in problems(changed("quiet", notices=notices, time_s=3.0))] == [
        "error",
        "warning",
    ]


def test_a_failed_worker_is_a_problem() -> None:
    worker = msgspec.structs.replace(
        frame("quiet").workers[0], state="failed", message="worker.py, line 3: bad"
    )
    (found,) = problems(changed("quiet", workers=(worker,)))
    assert (found.message, found.advice) == ("worker.py, line 3: bad", "")
    never_loaded = msgspec.structs.replace(worker, version=0)
    (found,) = problems(changed("quiet", workers=(never_loaded,)))
    assert found.advice == "Mend it and save: it is loaded at once"


def test_a_worker_of_which_no_isolate_answers_is_a_problem() -> None:
    worker = msgspec.structs.replace(frame("quiet").workers[0], state="stalled", message="busy with GET /a")
    (found,) = problems(changed("quiet", workers=(worker,)))
    assert (found.level, found.message) == ("warning", "stalled: busy with GET /a")


def test_advice_takes_a_line_of_its_own_when_it_must() -> None:
    assert needed_height(frame("failing"), View(), Area(80, 24)) == 2
    assert needed_height(frame("failing"), View(), Area(80, 18)) == 1
    assert needed_height(frame("failing"), View(), Area(250, 40)) == 1
    assert needed_height(frame("quiet"), View(), Area(80, 24)) == 0
    rows = layout(frame("failing"), Area(100, 2), View())
    assert "+2 more (n)" in rows[0].text
    assert rows[1].text.strip().startswith("→ Start Docker")


def test_a_lost_engine_hides_other_problems() -> None:
    view = View(banner=("The engine does not answer.", "Trying again."))
    assert "The engine does not answer." in layout(frame("failing"), Area(100, 2), view)[0].text


def test_code_that_could_not_be_loaded_is_no_problem_once_it_is_mended() -> None:
    broken = NoticeRow(
        time_s=100.0, level="error", subject="Worker", message="worker.ts, line 2: no", advice=""
    )
    serving = msgspec.structs.replace(frame("quiet").workers[0], state="ready", loaded_s=99.0)
    before = changed("quiet", workers=(serving,), notices=(broken,), time_s=101.0)
    assert [one.message for one in problems(before)] == ["worker.ts, line 2: no"]
    mended = msgspec.structs.replace(serving, loaded_s=100.5)
    assert not problems(changed("quiet", workers=(mended,), notices=(broken,), time_s=101.0))
