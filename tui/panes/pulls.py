"""The pull of an image: how many layers are there, and how much of the bytes."""

from core.events.types import PullLayer
from core.frames.frame import PullRow
from tui.panes.graphs import bar
from tui.panes.rows import Row, Segment, blank, clean, left, right, row
from tui.units import percent

_MB = 1_000_000
_HERE = ("done", "exists")
LAYER_WORDS = {
    "waiting": "waits",
    "downloading": "is downloaded",
    "extracting": "is unpacked",
    "done": "done",
    "exists": "was here",
}


def share(pull: PullRow) -> float | None:
    """Return the part of the bytes that is done, from 0 to 1; None while no layer's size is known.

    A layer is downloaded and then unpacked: each is half of its way.
    """
    total = sum(layer.total_bytes for layer in pull.layers)
    done = sum(_done_bytes(layer) for layer in pull.layers if layer.total_bytes)
    return min(done / total, 1.0) if total else None


def _done_bytes(layer: PullLayer) -> float:
    if layer.state in _HERE:
        return layer.total_bytes
    current = min(layer.current_bytes, layer.total_bytes) / 2
    return current + (layer.total_bytes / 2 if layer.state == "extracting" else 0)


def words(pull: PullRow, *, short: bool = False) -> str:
    """Return ``pull 3/7 layers 41 %``, without the noun where ``short``."""
    here = sum(layer.state in _HERE for layer in pull.layers)
    noun = "" if short else " layer" if len(pull.layers) == 1 else " layers"
    part = share(pull)
    return f"pull {here}/{len(pull.layers)}{noun}" + ("" if part is None else f" {percent(part)}")


def layer_rows(pull: PullRow, width: int) -> list[Row]:
    """Draw each layer with its own bar."""
    if not pull.layers:
        return []
    rows = [blank(width), row(width, (f"{words(pull)} of ", "starting"), (clean(pull.image), "text"))]
    return rows + [row(width, *_layer(layer, max(width - 52, 4))) for layer in pull.layers]


def _layer(layer: PullLayer, room: int) -> list[Segment]:
    style = {"waiting": "faint", "done": "ok", "exists": "muted"}.get(layer.state, "starting")
    done = 1.0 if layer.state in _HERE else layer.current_bytes / max(layer.total_bytes, 1)
    full, empty = bar(done, room)
    size = ""
    if layer.total_bytes:
        size = f"{layer.total_bytes / _MB:,.1f} MB"
        if layer.state not in (*_HERE, "waiting"):
            size = f"{layer.current_bytes / _MB:,.1f} of {size}"
    return [
        (left(f"  {clean(layer.id)}", 16), "text"),
        (left(LAYER_WORDS[layer.state], 15), "muted" if layer.state in _HERE else "text"),
        (full, style),
        (empty, "faint"),
        (right(size, 19), "text"),
    ]
