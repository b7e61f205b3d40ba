"""The isolates of the Worker."""

from typing import Any

import msgspec
import pytest

from core.frames.frame import Frame, IsolateRow, WorkerRow
from tests.tui.frames import changed, frame
from tui.panes.isolates import find_isolate, keys, layout, subtitle
from tui.panes.rows import Area, View


def text(one: Frame, width: int = 116, height: int = 20) -> str:
    return "\n".join(row.text for row in layout(one, Area(width, height), View()))


def of_worker(name: str, **changes: Any) -> Frame:
    worker: WorkerRow = msgspec.structs.replace(frame(name).workers[0], **changes)
    return changed(name, workers=(worker,))


def isolate(**changes: Any) -> IsolateRow:
    return msgspec.structs.replace(frame("busy").workers[0].isolates[0], **changes)


def line_of(drawn: str, start: str) -> str:
    return next(line for line in drawn.splitlines() if line.startswith(start))


def test_a_ready_isolate_tells_its_figures() -> None:
    line = line_of(text(frame("busy")), "● 3  v3")
    for part in ("ready", "45 ms", "42 MiB", "▰▰▱", "17 MiB", "24 %", "▂"):
        assert part in line, part
    assert line.split()[-2:] == ["3", "219"]


def test_the_summary_tells_runtime_version_and_memory() -> None:
    first = text(frame("busy")).splitlines()[0]
    for part in ("ready", "deno", "version 3, 7.9 s ago", "3 living", "122 MiB", "last start 48 ms"):
        assert part in first, part
    assert "memory of 128 MiB" in text(frame("busy"))


def test_a_stalled_and_a_draining_isolate_say_why() -> None:
    failing, busy = text(frame("failing")), text(frame("busy"))
    assert "stalled 0.5 s" in line_of(failing, "‖ 4")
    assert "└ request 2ab7405dc1f98e63 holds up its isolate: it computes without a pause" in failing
    assert "draining 7.9 s" in line_of(busy, "◍ 2")
    assert "└ version 3 took over" in busy


def test_a_failed_isolate_says_why_in_place_of_its_figures() -> None:
    drawn = text(frame("failing"))
    assert "failed 0.9 s ago  used more than 30,000 ms of CPU time (request 91d3c04b7a26ee58)" in drawn
    assert "failed 28 s ago   used more than 128 MiB of memory (131 MiB)" in drawn
    assert "worker.ts, line 3, column 24: SyntaxError" in line_of(drawn, "✗ 3  v2")


def test_a_failed_load_with_a_stack_takes_one_line() -> None:
    stack = "ReferenceError: shop is not defined\n    at worker.ts:9:1"
    failed = isolate(isolate=8, state="failed", message=stack, since_s=60.0)
    drawn = text(of_worker("busy", isolates=(failed,)))
    assert "ReferenceError: shop is not defined (worker.ts, line 9)" in drawn
    assert "at worker.ts" not in drawn


def test_the_totals_tell_restarts_reloads_and_the_last_errors() -> None:
    lines = text(frame("failing")).splitlines()
    assert lines[-3].startswith("2 restarts   0 reloads")
    assert lines[-2].startswith("✗ 2 exceptions (1101), the last 8.5 s ago  GET /basket  TypeError")
    assert lines[-1].startswith("✗ 2 over a limit (1102), the last 0.8 s ago  GET /report/yearly")
    assert "2 reloads, the last 7.9 s ago   no 1101, no 1102" in text(frame("busy"))


def test_memory_near_its_limit_has_a_sign_beside_the_colour() -> None:
    full = isolate(memory_mib=126.0)
    assert "! 126 MiB" in text(of_worker("busy", isolates=(full,)))
    assert "!" not in text(of_worker("busy", isolates=(isolate(memory_mib=60.0),)))


def test_what_was_not_measured_is_not_called_zero() -> None:
    fresh = isolate(memory_limit_mib=0.0, memory_mib=0.0, heap_mib=0.0, memory_history_mib=(), start_ms=0.0)
    line = line_of(text(of_worker("busy", isolates=(fresh,))), "● 4")
    assert "MiB" not in line
    assert "%" not in line
    assert line.count(" - ") == 3


@pytest.mark.parametrize("height", [3, 5, 8, 12])
def test_explanations_give_way_before_isolates_do(height: int) -> None:
    many = tuple(isolate(isolate=n, state="draining", message="it ends") for n in range(9, 0, -1))
    drawn = layout(of_worker("busy", isolates=many), Area(100, height), View())
    shown = [row.key for row in drawn if row.key]
    assert len(shown) == len(set(shown))
    assert shown[0] == "isolate:9"
    assert "└" not in "".join(row.text for row in drawn)


def test_an_isolate_is_found_by_its_key() -> None:
    busy = frame("busy")
    for key in keys(busy):
        found = find_isolate(busy, key)
        assert found is not None
        assert key == f"isolate:{found[1].isolate}"
    assert find_isolate(busy, "app-1") is None


def test_the_border_counts_the_living() -> None:
    assert subtitle(frame("failing")) == "2 isolates, 121 MiB"
    assert subtitle(frame("starting")) == "1 isolate, 7 MiB"


def test_before_the_first_isolate_it_says_so() -> None:
    assert "No isolate yet" in text(frame("empty"))
