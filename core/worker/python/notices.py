"""The events that the engine sends an isolate, read from their frames."""

from typing import Literal

import msgspec

from core.worker.runtime import ContainerSignal, Scheduled, WorkerEvent


class Notice(msgspec.Struct):
    """NOTIFY: see ``frames``."""

    trace: str
    type: Literal["scheduled", "container"]
    cron: str = ""
    time_ms: int = 0
    binding: str = ""
    instance: str = ""
    kind: Literal["stopped", "failed", "expired"] = "stopped"
    exit_code: int | None = None
    reason: Literal["exit", "runtime_signal"] = "exit"
    message: str = ""

    def event(self) -> WorkerEvent:
        """Return what has happened."""
        if self.type == "scheduled":
            return Scheduled(self.cron, self.time_ms)
        return ContainerSignal(
            self.binding, self.instance, self.kind, self.exit_code, self.reason, self.message
        )


decode_notice = msgspec.json.Decoder(Notice).decode
