"""What is wrong now: each problem with its subject, what happened, and what to do next."""

import re
from typing import NamedTuple

from core.frames.frame import Frame, NoticeRow, WorkerRow
from tui.panes.rows import Area, Row, Segment, View, clean, row, spread, width_of

_STACK = "Traceback (most recent call last):"
_PLACE = re.compile(r'\s*File "([^"]+)", line (\d+)')
_JS_PLACE = re.compile(r"\s+at (?:.*\()?([^()\s]+?):(\d+)(?::\d+)?\)?$")
"""A line of a JavaScript stack: ``    at name (file:line:column)``, or without a name."""
_NOTICE_SHOWN_S = 30.0
"""A notice stays on the dashboard for so long; the list of notices keeps it."""

_WORKER = "Worker"
"""The subject of notices of code that cannot be loaded."""
_TALL = 20
"""From this height of the screen an advice may have a line of its own."""


class Problem(NamedTuple):
    """One thing that a person should know."""

    level: str
    subject: str
    message: str
    advice: str


def problems(frame: Frame) -> list[Problem]:
    """Return what is wrong at the moment of the frame, the worst first."""
    found = [
        Problem("error", region.info.id, region.message or "cannot be used", region.advice)
        for region in frame.regions
        if region.state == "unavailable"
    ]
    found += [_worker_problem(worker) for worker in frame.workers if worker.state in ("failed", "stalled")]
    known = {(problem.subject, problem.message) for problem in found}
    for notice in reversed(frame.notices):
        recent = frame.time_s - notice.time_s <= _NOTICE_SHOWN_S
        over = notice.level == "error" and _is_mended(frame, notice)
        if recent and not over and notice.level != "info" and (notice.subject, notice.message) not in known:
            known.add((notice.subject, notice.message))
            found.append(Problem(notice.level, notice.subject, headline(notice.message), notice.advice))
    return sorted(found, key=lambda problem: problem.level != "error")


def _is_mended(frame: Frame, notice: NoticeRow) -> bool:
    if notice.subject == _WORKER:
        return any(one.state == "ready" and one.loaded_s > notice.time_s for one in frame.workers)
    return any(region.info.id == notice.subject and region.state == "ready" for region in frame.regions)


def _worker_problem(worker: WorkerRow) -> Problem:
    if worker.state == "stalled":
        message = headline(worker.message) or "no isolate of it answers"
        return Problem("warning", worker.worker, f"stalled: {message}", "Requests wait; i shows the isolates")
    advice = "" if worker.version else "Mend it and save: it is loaded at once"
    return Problem("error", worker.worker, headline(worker.message) or "the Worker failed", advice)


def layout(frame: Frame, area: Area, view: View) -> list[Row]:
    """Draw the worst problem, in one line or in two where its advice needs its own."""
    if view.banner is not None:
        message, advice = view.banner
        return _draw(Problem("error", "", message, advice), 0, area)
    found = problems(frame)
    return _draw(found[0], len(found) - 1, area) if found else []


def needed_height(frame: Frame, view: View, area: Area) -> int:
    """Return the number of lines that the problem line needs: 0, 1 or 2."""
    return len(layout(frame, Area(area.width, 2 if area.height >= _TALL else 1), view))


def headline(message: str) -> str:
    """Return what a stack ends in, with the place; any other message as it is."""
    lines = message.splitlines()
    if not message.startswith(_STACK):
        return _javascript_headline(lines) if len(lines) > 1 else message
    place = [match for line in lines if (match := _PLACE.match(line))]
    return f"{lines[-1]} ({place[-1][1]}, line {place[-1][2]})" if place else lines[-1]


def _javascript_headline(lines: list[str]) -> str:
    """Return the first line of a message, with the first place of the stack under it if there is one."""
    place = next((match for line in lines[1:] if (match := _JS_PLACE.match(line))), None)
    first = next((line for line in lines if line.strip()), "")
    return f"{first} ({place[1]}, line {place[2]})" if place else first


def _draw(problem: Problem, others: int, area: Area) -> list[Row]:
    style = "bar-error" if problem.level == "error" else "bar-warning"
    subject = f"{clean(problem.subject)}: " if problem.subject else ""
    first: list[Segment] = [(" ▲ ", style), (subject, style), (clean(problem.message), "bar-strong")]
    advice: list[Segment] = (
        [("→ ", "bar-accent"), (clean(problem.advice), "bar-text")] if problem.advice else []
    )
    more: list[Segment] = [(f"  +{others} more (n)", "bar-muted")] if others > 0 else []
    if width_of([*first, *advice, *more]) + 3 <= area.width or area.height < 2 or not advice:
        gap: list[Segment] = [("  ", "bar-text")] if advice else []
        return [spread(area.width, [*first, *gap, *advice], more, fill="bar-text")]
    return [
        spread(area.width, first, more, fill="bar-text"),
        row(area.width, ("   ", "bar-text"), *advice, fill="bar-text"),
    ]
