"""How a pull goes on, layer by layer, from the Engine's many messages."""

from typing import Any, Literal

from core.containers.drivers.protocol import PullLine
from core.events.types import PullLayer

MB = 1_000_000
LayerState = Literal["waiting", "downloading", "extracting", "done", "exists"]
_STATES: dict[str, LayerState] = {
    "Downloading": "downloading",
    "Verifying Checksum": "downloading",
    "Download complete": "downloading",
    "Extracting": "extracting",
    "Pull complete": "done",
    "Already exists": "exists",
}
"""The Engine's words; any other, such as Waiting or Retrying in 5 seconds, is waiting."""
_ALL_THERE = ("Verifying Checksum", "Download complete", "Pull complete")
_OVER = "Status: "
"""How the last message of a good pull begins."""


class PullProgress:
    """Sum up the layers of one pull."""

    def __init__(self, image: str) -> None:
        self.image = image
        self._layers: dict[str, PullLayer] = {}
        self._last: tuple[PullLayer, ...] | None = None

    def line(self, message: dict[str, Any]) -> PullLine | None:
        """Take one message of the Engine; return a line when there is something new to say."""
        layer, status = str(message.get("id", "")), str(message.get("status", ""))
        if layer and status and not status.startswith("Pulling from"):
            self._layers[layer] = _moved(self._layers.get(layer), layer, status, message)
        layers = tuple(self._layers.values())
        over = status.startswith(_OVER)
        if not status or (layers == self._last and not over):
            return None
        self._last = layers
        return PullLine(self._summary(), self.image, layers, over=over)

    def _summary(self) -> str:
        layers = self._layers.values()
        done = sum(one.state in ("done", "exists") for one in layers)
        doing = "extracting" if any(one.state == "extracting" for one in layers) else "downloading"
        under_way = [one for one in layers if one.state in ("downloading", "extracting")]
        current = sum(one.current_bytes for one in under_way)
        total = sum(one.total_bytes for one in under_way)
        size = f", {doing} {current / MB:.1f} of {total / MB:.1f} MB" if total else ""
        return f"pulling {self.image}: {done} of {len(self._layers)} layers{size}"


def _moved(before: PullLayer | None, layer: str, status: str, message: dict[str, Any]) -> PullLayer:
    """Return a layer after a message about it; the last size that was told stays known."""
    detail = message.get("progressDetail") or {}
    total = int(detail.get("total") or (before.total_bytes if before else 0))
    current = total if status in _ALL_THERE else int(detail.get("current") or 0)
    return PullLayer(layer, _STATES.get(status, "waiting"), current, total)
