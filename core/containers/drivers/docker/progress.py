"""Short lines about how a pull goes on, from the Engine's many messages."""

from typing import Any

MB = 1_000_000


class PullProgress:
    """Sum up the layers of one pull."""

    def __init__(self, image: str) -> None:
        self.image = image
        self._layers: dict[str, tuple[str, int, int]] = {}
        self._last = ""

    def line(self, message: dict[str, Any]) -> str:
        """Take one message of the Engine; return a line when there is something new to say, else ''."""
        layer, status = str(message.get("id", "")), str(message.get("status", ""))
        detail = message.get("progressDetail") or {}
        if layer and status and not status.startswith("Pulling from"):
            _, current, total = self._layers.get(layer, ("", 0, 0))
            current, total = detail.get("current") or current, detail.get("total") or total
            self._layers[layer] = (status, int(current), int(total))
        text = self._summary()
        if text == self._last:
            return ""
        self._last = text
        return text

    def _summary(self) -> str:
        layers = self._layers.values()
        done = sum(status in ("Pull complete", "Already exists") for status, _, _ in layers)
        doing = "extracting" if any(status == "Extracting" for status, _, _ in layers) else "downloading"
        current = sum(one for status, one, _ in layers if status in ("Downloading", "Extracting"))
        total = sum(one for status, _, one in layers if status in ("Downloading", "Extracting"))
        size = f", {doing} {current / MB:.1f} of {total / MB:.1f} MB" if total else ""
        return f"pulling {self.image}: {done} of {len(self._layers)} layers{size}"
