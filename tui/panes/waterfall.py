"""A request's time as a line of parts: what was measured, what was emulated, what was waiting.

Each kind of time has its own glyph and its own style everywhere on the screen.
"""

import math
from collections.abc import Container, Iterator
from itertools import pairwise
from typing import Literal, NamedTuple

from core.events.types import Hop
from core.frames.frame import RequestRow
from tui.panes.graphs import share_out
from tui.panes.rows import Segment
from tui.units import milliseconds

TimeKind = Literal["measured", "simulated", "emulated", "estimated", "cold"]
GLYPHS: dict[TimeKind, str] = {
    "measured": "▓",
    "simulated": "▚",
    "emulated": "░",
    "estimated": "┄",
    "cold": "▒",
}
KIND_WORDS: dict[TimeKind, str] = {
    "measured": "measured on this machine",
    "simulated": "drawn by the simulated driver",
    "emulated": "emulated and waited for",
    "estimated": "estimated, not waited for",
    "cold": "waiting for a cold start",
}
HOP_DEPTH = {"edge": 0, "worker": 1, "container": 2, "edge_to_region": 3, "cold_start_wait": 4, "outbound": 2}
"""How deep a hop lies inside the others; those that are not here lie outside the edge."""


_WORK = ("edge", "worker", "container", "outbound")


class Part(NamedTuple):
    """A stretch of a request's time of one kind."""

    kind: TimeKind
    duration_ms: float


def hop_kind(hop: Hop) -> TimeKind:
    """Return the kind of time that a hop is; emulated work is not emulated distance."""
    if hop.name == "cold_start_wait":
        return "cold"
    return "simulated" if hop.kind == "emulated" and hop.name in _WORK else hop.kind


def timeline(request: RequestRow) -> tuple[Part, ...]:
    """Return the parts of a request in order, from the visitor's send to the last byte.

    Where hops cover each other the innermost counts; time that no hop covers is measured.
    """
    outside = [hop for hop in request.trace if hop.name == "visitor_to_edge" and hop.duration_ms > 0]
    if outside:
        parts = [Part(hop.kind, hop.duration_ms) for hop in outside]
    else:
        parts = [Part("emulated", request.visitor_rtt_ms)] if request.visitor_rtt_ms > 0 else []
    for duration_ms, owner in _stretches(request):
        parts.append(Part("measured" if owner is None else hop_kind(request.trace[owner]), duration_ms))
    return _merged(parts)


def own_times_ms(request: RequestRow) -> list[float]:
    """Return for each hop of the trace the time in which no other hop was inside it."""
    own = [hop.duration_ms if hop.name == "visitor_to_edge" else 0.0 for hop in request.trace]
    for duration_ms, owner in _stretches(request):
        if owner is not None:
            own[owner] += duration_ms
    return own


def _stretches(request: RequestRow) -> Iterator[tuple[float, int | None]]:
    """Yield the time at the edge in stretches, each with the index of the innermost hop."""
    spans = []
    edges = {0.0, request.duration_ms}
    for index, hop in enumerate(request.trace):
        if hop.name in HOP_DEPTH and hop.duration_ms > 0:
            begin = max(0.0, min(hop.start_ms, request.duration_ms))
            end = max(0.0, min(hop.start_ms + hop.duration_ms, request.duration_ms))
            spans.append((begin, end, HOP_DEPTH[hop.name], index))
            edges.update((begin, end))
    for begin, end in pairwise(sorted(edges)):
        covering = [span for span in spans if span[0] <= begin and end <= span[1]]
        yield end - begin, max(covering, key=lambda span: span[2])[3] if covering else None


def _merged(parts: list[Part]) -> tuple[Part, ...]:
    merged: list[Part] = []
    for part in parts:
        if merged and merged[-1].kind == part.kind:
            merged[-1] = Part(part.kind, merged[-1].duration_ms + part.duration_ms)
        else:
            merged.append(part)
    return tuple(merged)


def totals(parts: tuple[Part, ...]) -> dict[TimeKind, float]:
    """Return the time of each kind, in milliseconds."""
    sums: dict[TimeKind, float] = dict.fromkeys(KIND_WORDS, 0.0)
    for part in parts:
        sums[part.kind] += part.duration_ms
    return sums


def bar_segments(parts: tuple[Part, ...], width: int) -> list[Segment]:
    """Draw the parts in exactly ``width`` cells, in proportion; no kind of time is too small to see."""
    sizes = share_out([part.duration_ms for part in parts], width, [part.kind for part in parts])
    return [(GLYPHS[part.kind] * size, part.kind) for part, size in zip(parts, sizes, strict=True) if size]


def scaled_length(total_ms: float, longest_ms: float, width: int) -> int:
    """Return the length of a bar: it grows with the square root, so that 2 ms and 2 s both show."""
    if longest_ms <= 0 or width <= 0:
        return 0
    return max(1, min(width, round(math.sqrt(total_ms / longest_ms) * width)))


def figures(sums: dict[TimeKind, float], *, apart: bool) -> list[Segment]:
    """Write the times as ``171 + 14 ms``: distance, then what was waited for, then what was measured.

    An estimated time has a ``~``; ``apart`` keeps estimated and emulated distance apart.
    """
    segments: list[Segment] = []

    def add(text: str, style: str) -> None:
        if segments:
            segments.append((" + ", "muted"))
        segments.append((text, style))

    if apart or not sums["estimated"] or not sums["emulated"]:
        if sums["estimated"]:
            add("~" + milliseconds(sums["estimated"]), "estimated")
        if sums["emulated"]:
            add(milliseconds(sums["emulated"]), "emulated")
    else:
        add("~" + milliseconds(sums["estimated"] + sums["emulated"]), "emulated")
    if sums["cold"]:
        add(milliseconds(sums["cold"]), "cold")
    if sums["simulated"]:
        add(milliseconds(sums["simulated"]), "simulated")
    if sums["measured"] or not segments:
        add(milliseconds(sums["measured"]), "measured")
    segments.append((" ms", "muted"))
    return segments


def legend(kinds: Container[TimeKind]) -> list[Segment]:
    """Return the legend of the glyphs, for a line of its own; of the rarer kinds only those in ``kinds``."""
    words: dict[TimeKind, str] = {"measured": "measured", "emulated": "distance", "cold": "cold start"}
    if "simulated" in kinds:
        words = {"simulated": "simulated", **words}
    if "simulated" in kinds and "measured" not in kinds:
        del words["measured"]
    if "estimated" in kinds:
        words["estimated"] = "estimated"
    segments: list[Segment] = []
    for kind, word in words.items():
        segments += [(GLYPHS[kind] * 2 + " ", kind), (word + "  ", "muted")]
    return segments
