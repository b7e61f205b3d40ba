"""The live picture of the flow: edge locations, the Worker, and who answers."""

from typing import NamedTuple

from core.frames.frame import Frame, RegionRow, WorkerRow
from tui.panes.isolates import living, memory_mib
from tui.panes.rows import Row, Segment, cells, clean, left, right, row, width_of
from tui.panes.states import ISOLATE_STATES, region_sign
from tui.units import duration_ms, mebibytes, per_second

_LOCATIONS = 6
"""The picture grows up to this height to name edge locations."""
_PULSE_STEP_S = 0.25
"""The dots on the arrows move one cell in this time of the run."""


class _Shape(NamedTuple):
    """The widths of the picture's columns."""

    locations: int
    arrow: int
    worker: int
    branch: int
    target: int


def picture_height(frame: Frame, height: int) -> int:
    """Return the number of lines that the picture takes of a pane."""
    targets = 1 + len(frame.regions) + (1 if frame.flow.errors_per_second > 0 else 0)
    wanted = max(3, targets, min(1 + len(frame.flow.edge_locations), _LOCATIONS))
    return max(0, min(wanted, height // 2, 8))


def picture(frame: Frame, width: int, height: int) -> list[Row]:
    """Draw the flow of the last ten seconds in ``height`` lines."""
    shape = _shape(width)
    targets = _targets(frame, shape.target, height)
    arrow = _arrow(frame.flow.requests_per_second, shape.arrow, frame.time_s)
    return [
        row(
            width,
            *_location(frame, shape.locations, line, height),
            *(arrow if line == 0 else _gap(shape.arrow)),
            *_worker(frame, shape.worker, line),
            *_branch(line, len(targets)),
            *(targets[line](shape) if line < len(targets) else ()),
        )
        for line in range(height)
    ]


def _shape(width: int) -> _Shape:
    if width < 58:
        locations, arrow, worker, branch = (11, 4, 7, 9) if width >= 40 else (9, 4, 0, 9)
    elif width < 96:
        locations, arrow, worker, branch = 17, 12, 12, 11
    else:
        locations, worker = 24, 22
        arrow = branch = min((width - locations - worker - 32) // 2, 32)
    return _Shape(locations, arrow, worker, branch, max(width - locations - arrow - worker - branch - 1, 1))


def _gap(width: int) -> tuple[Segment, ...]:
    return ((" " * width, "text"),)


def _location(frame: Frame, width: int, line: int, height: int) -> tuple[Segment, ...]:
    locations = frame.flow.edge_locations
    if line == 0:
        wide = width >= 16
        noun = ("edge location" if wide else "edge loc") + (
            "" if len(locations) == 1 else "s" if wide else ""
        )
        return ((left(f"{len(locations)} {noun}", width), "edge"),)
    if line > len(locations):
        return _gap(width)
    if line == height - 1 and len(locations) > line:
        return ((left(f" +{len(locations) - line + 1} more", width), "muted"),)
    location = locations[line - 1]
    rate = per_second(location.requests_per_second)
    if width < 20:
        return ((left(f" {clean(location.code)} {rate}", width), "text"),)
    name = left(f" {clean(location.code)} {clean(location.city)}", width - 7)
    return (name, "text"), (right(rate, 6) + " ", "muted")


def _arrow(rate: float, width: int, time_s: float) -> tuple[Segment, ...]:
    if rate <= 0:
        label = " 0/s " if width >= 9 else ""
        return ((_around(label, "┄", width - 2) + "▷ ", "faint"),)
    label = f" {per_second(rate)} " if width >= 7 else ""
    body = _around(label, "─", width - 2)
    return _with_pulse(body, time_s, rate), ("▶ ", "edge")


def _around(label: str, line: str, width: int) -> str:
    room = max(width - cells(label), 0)
    before = room // 2
    return (line * before + label + line * (room - before))[: max(width, 0)]


def _with_pulse(body: str, time_s: float, rate: float) -> Segment:
    step = int(time_s / _PULSE_STEP_S)
    distance = 3 if rate >= 100 else 5 if rate >= 10 else 8
    dotted = "".join(
        "•" if character == "─" and (index - step) % distance == 0 else character
        for index, character in enumerate(body)
    )
    return dotted, "edge"


def _worker(frame: Frame, width: int, line: int) -> tuple[Segment, ...]:
    if width == 0:
        return ()
    worker = frame.workers[0] if frame.workers else None
    if line == 0:
        return (_worker_title(worker, width),)
    time = duration_ms(frame.flow.worker_p50_ms)
    cpu = ("~" if frame.flow.worker_cpu_kind == "estimated" else "") + duration_ms(
        frame.flow.worker_cpu_mean_ms
    )
    short = width < 12
    lines: list[Segment] = [
        (time if short else f"p50 {time}", "measured"),
        (f"{cpu.removesuffix(' ms')} cpu" if short else f"cpu {cpu}", frame.flow.worker_cpu_kind),
        *((text, "muted") for text in _isolate_words(worker, width)),
    ]
    text, style = lines[line - 1] if line <= len(lines) else ("", "text")
    return ((left(text, width), style),)


def _worker_title(worker: WorkerRow | None, width: int) -> Segment:
    if worker is None or worker.state not in ("failed", "stalled"):
        return left("Worker", width), "strong"
    sign = ISOLATE_STATES[worker.state]
    return left(f"{sign.glyph} Worker", width), sign.style


def _isolate_words(worker: WorkerRow | None, width: int) -> tuple[str, ...]:
    """Say what runs the Worker, and how much of it there is."""
    if worker is None or width < 12:
        return ()
    alive = living(worker)
    version = f" · v{worker.version}" if worker.version else ""
    noun = "isolate" if len(alive) == 1 else "isolates"
    memory = mebibytes(memory_mib(worker))
    full = f"{len(alive)} {noun} · {memory}"
    return f"{clean(worker.runtime)}{version}", full if cells(full) < width else f"{len(alive)} · {memory}"


def _branch(line: int, count: int) -> tuple[Segment, ...]:
    if line >= count:
        return ()
    glyph = "─" if count == 1 else "┬" if line == 0 else "└" if line == count - 1 else "├"
    return ((glyph, "edge"),)


class _Target(NamedTuple):
    rate: float
    time_s: float
    label: tuple[Segment, ...]

    def __call__(self, shape: _Shape) -> tuple[Segment, ...]:
        return (*_arrow(self.rate, shape.branch, self.time_s), *self.label)


def _targets(frame: Frame, width: int, height: int) -> list[_Target]:
    flow = frame.flow
    edge = "answered at the edge" if width >= 20 else "edge"
    targets = [_Target(flow.edge_answers_per_second, frame.time_s, ((edge, "edge"),))]
    room = height - 1 - (1 if flow.errors_per_second > 0 else 0)
    regions = list(frame.regions)
    shown = regions if len(regions) <= room else regions[: max(room - 1, 0)]
    targets += [
        _Target(region.requests_per_second, frame.time_s, _region_label(region, width, frame))
        for region in shown
    ]
    if len(shown) < len(regions) and room > 0:
        rest = sum(region.requests_per_second for region in regions[len(shown) :])
        targets.append(_Target(rest, frame.time_s, ((f"{len(regions) - len(shown)} more regions", "muted"),)))
    if flow.errors_per_second > 0 and height > 1:
        targets.append(_Target(flow.errors_per_second, frame.time_s, (("✗ errors", "error"),)))
    return targets


def _region_label(region: RegionRow, width: int, frame: Frame) -> tuple[Segment, ...]:
    sign = region_sign(region)
    label: list[Segment] = [(f"{sign.glyph} ", sign.style), (clean(region.info.id), "text")]
    round_trip = f" {duration_ms(region.mean_rtt_ms)}"
    if region.mean_rtt_ms > 0 and width_of(label) + cells(round_trip) <= width:
        label.append((round_trip, "emulated"))
    ready = sum(1 for one in region.instances if one.state == "ready")
    words = f"  {ready} ready" if ready else f"  {sign.word}"
    if width_of(label) + cells(words) <= width:
        label.append((words, "muted" if ready else sign.style))
    return tuple(label)
