"""The pages behind rows."""

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from core.frames.frame import Dropped, Frame, RequestRow
from tests.tui.frames import NAMES, THEMES, changed, console, frame
from tui.panes.cold_starts import start_key
from tui.panes.rows import Row, cells
from tui.screens.details import details, instance_rows, notice_rows, request_rows, start_rows


def text(rows: list[Row]) -> str:
    return "\n".join(row.text for row in rows)


def request(of: str = "starting", index: int = 0, **changes: Any) -> RequestRow:
    return msgspec.structs.replace(frame(of).requests[index], **changes)


def pages(one: Frame) -> list[Callable[[int], list[Row]]]:
    made: list[Callable[[int], list[Row]]] = [lambda width: notice_rows(one, width)]
    made += [lambda width, r=r: request_rows(r, width) for r in one.requests[-20:]]  # type: ignore[misc]
    made += [lambda width, s=s: start_rows(s, one.time_s, width) for s in one.cold_starts]  # type: ignore[misc]
    made += [
        lambda width, i=i: instance_rows(i, one, width)  # type: ignore[misc]
        for region in one.regions
        for i in region.instances
    ]
    return made


@pytest.mark.parametrize("width", [20, 56, 116, 200])
@pytest.mark.parametrize("name", NAMES)
def test_every_page_is_exactly_as_wide_as_its_sheet(name: str, width: int) -> None:
    for draw in pages(frame(name)):
        for row in draw(width):
            assert cells(row.text) == width, row.text


def test_a_request_page_shows_every_hop_with_its_own_time() -> None:
    drawn = text(request_rows(request(), 116))
    for part in (
        "Tokyo  →  NRT",
        "app-1 in us-east",
        "175 + 655 + 23 ms  =  853 ms",
        "cold start",
        "own",
        "in all",
    ):
        assert part in drawn, part
    edge = next(line for line in drawn.splitlines() if line.startswith("edge "))
    assert "0.4 ms" in edge
    assert "850 ms" in edge
    assert "─" in edge


def test_a_request_page_tells_the_error_and_a_missing_trace() -> None:
    drawn = text(request_rows(request(error="no instance could be started", trace=()), 116))
    assert "no instance could be started" in drawn
    assert "has no trace" in drawn


def test_a_request_page_says_which_isolate_answered_and_how_sure_its_cpu_time_is() -> None:
    measured = text(request_rows(request(worker_cpu_ms=1.5, isolate=3), 100))
    assert re.search(r"isolate +3 ", measured)
    assert re.search(r"Worker CPU +1\.5 ms +measured", measured)
    shared = text(request_rows(request(worker_cpu_ms=1.5, worker_cpu_kind="estimated"), 100))
    assert re.search(r"Worker CPU +~1\.5 ms +shared out among requests", shared)
    unknown = text(request_rows(request(worker_cpu_ms=0.0, worker_cpu_kind="estimated"), 100))
    assert re.search(r"Worker CPU +unknown", unknown)


@pytest.mark.parametrize(("code", "words"), [(1101, "threw an exception"), (1102, "went over a limit")])
def test_a_request_page_names_the_platforms_error(code: int, words: str) -> None:
    drawn = text(request_rows(request(error_code=code, error="Error: oh\n    at f (w.ts:1:1)"), 100))
    assert f"{code}: the Worker {words}" in drawn
    assert "    at f (w.ts:1:1)" in drawn


def test_a_stack_among_the_notices_keeps_its_shape() -> None:
    drawn = text(notice_rows(frame("failing"), 100))
    assert "\n  TypeError: Cannot read properties of undefined" in drawn
    assert "\n      at handleApi (worker.ts:21:18)" in drawn


def test_an_instance_page_tells_state_memory_and_cold_starts() -> None:
    one = frame("failing").regions[0].instances[0]
    drawn = text(instance_rows(one, frame("failing"), 116))
    for part in ("✗ out of memory", "killed: out of memory (1,024 MiB)", "limit", "cold start at", "█"):
        assert part in drawn, part


def test_a_cold_start_page_shows_phases_below_each_other() -> None:
    start = frame("busy").cold_starts[0]
    drawn = text(start_rows(start, frame("busy").time_s, 100))
    for part in ("queue", "image", "create", "start", "boot", "ready"):
        assert part in drawn, part


def test_a_start_under_way_shows_its_growing_phase() -> None:
    start = next(one for one in frame("starting").cold_starts if one.instance == "app-2")
    assert "641 ms" in text(start_rows(start, frame("starting").time_s, 100))


def test_notices_come_newest_first_with_advice() -> None:
    drawn = text(notice_rows(frame("failing"), 100))
    assert drawn.index("Killed: it used more") < drawn.index("The Docker Engine at")
    assert "→ Choose a larger instance type" in drawn
    more = changed("failing", dropped=Dropped(notices=7))
    assert "7 older notices" in text(notice_rows(more, 100))
    assert "Nothing to tell." in text(notice_rows(frame("empty"), 100))


def test_a_row_without_a_page_has_none() -> None:
    busy = frame("busy")
    assert details(busy, "cost", "Container memory") is None
    assert details(busy, "regions", "region:us-east") is None
    assert details(busy, "flow", "") is None
    assert details(busy, "isolates", "isolate:99") is None
    assert details(busy, "isolates", "isolate:3") is not None
    assert details(busy, "cold_starts", start_key(busy.cold_starts[0])) is not None


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("starting", ["2", "G", "enter"]),
        ("failing", ["j", "j", "enter"]),
        ("busy", ["3", "j", "enter"]),
        ("failing", ["n"]),
        ("failing", ["i", "j", "j", "enter"]),
    ],
    ids=["request", "instance", "cold_start", "notices", "isolate"],
)
def test_pages_look_as_before(
    snap_compare: Callable[..., bool], name: str, keys: list[str], theme: str
) -> None:
    app, _ = console(name, theme=theme)
    assert snap_compare(app, press=keys, terminal_size=(120, 36))


def test_an_instance_page_tells_what_was_lost_at_its_ends() -> None:
    one = frame("failing").regions[0].instances[0]
    assert re.search(r"lost disk +48 MB at its only end", text(instance_rows(one, frame("failing"), 100)))
    again = msgspec.structs.replace(one, ends=3, lost_disk_total_bytes=60_000_000)
    drawn = text(instance_rows(again, frame("failing"), 100))
    assert re.search(r"48 MB at the last of 3 ends  60 MB in all", drawn)
    unknown = msgspec.structs.replace(one, lost_disk_bytes=None)
    assert re.search(r"lost disk +unknown", text(instance_rows(unknown, frame("failing"), 100)))
    never = msgspec.structs.replace(one, ends=0)
    assert "lost disk" not in text(instance_rows(never, frame("failing"), 100))


def test_an_instance_page_shows_the_layers_of_its_pull() -> None:
    one = next(
        one for region in frame("starting").regions for one in region.instances if one.pull is not None
    )
    drawn = text(instance_rows(one, frame("starting"), 100))
    assert "pull 2/5 layers 30 % of" in drawn
    assert "is downloaded" in drawn


def test_an_instance_page_tells_how_its_class_is_started() -> None:
    one = frame("busy").regions[0].instances[0]
    assert "started by the policy paused" in text(instance_rows(one, frame("busy"), 100))
