"""What the Worker is called for beside requests: start, reload on save, cron triggers, lifecycle hooks."""

from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Literal, Protocol

from core.containers.signals import InstanceSignal
from core.edge.edge import Edge
from core.edge.scheduled import NO_HANDLER
from core.worker.runtime import ContainerSignal, Scheduled, WorkerFailed

Level = Literal["info", "warning", "error"]
SUBJECT = "Worker"
_MOST_NAMED = 3


class Say(Protocol):
    """Tells a person something."""

    def __call__(self, level: Level, subject: str, message: str, advice: str = "") -> None: ...


class Upkeep:
    """Looks after the Worker of one deployment, and tells what comes of it."""

    def __init__(self, edge: Edge, say: Say) -> None:
        self._edge = edge
        self._say = say
        self._loaded = False
        self._ended = False

    async def start_worker(self) -> None:
        """Start the Worker; code that cannot be loaded is told, and loaded once it is mended and saved."""
        try:
            await self._edge.runtime.start()
        except WorkerFailed as failure:
            self._say("error", SUBJECT, failure.message, "mend it and save; until then every request fails")
        else:
            self._loaded = True

    async def reload_on_save(self, main: Path) -> None:
        """Load the Worker anew whenever a file of its code is saved, until cancelled."""
        from core.worker.supervisor.sources import changes

        try:
            async with aclosing(changes(main)) as saves:
                async for files in saves:
                    await self.reload(files)
        except OSError as error:
            self._say(
                "warning",
                SUBJECT,
                f"saves of its code are not noticed: {error.strerror or error}",
                "start the deployment anew after a change",
            )

    async def reload(self, files: Sequence[Path]) -> None:
        """Load the Worker anew, and tell how that went; ``files`` have changed."""
        try:
            await self._edge.runtime.reload()
        except WorkerFailed as failure:
            still = "; the old code goes on serving" if self._loaded else ""
            self._say("error", SUBJECT, f"{failure.message}{still}", "mend it and save")
        else:
            self._loaded = True
            self._say("info", SUBJECT, f"loaded anew: {_names(files)} changed")

    async def on_cron(self, cron: str, time_ms: int) -> None:
        """Let the Worker handle a cron trigger, and tell when it cannot."""
        try:
            handled = await self._edge.notify(Scheduled(cron, time_ms))
        except WorkerFailed as failure:
            self._say("error", f"cron {cron}", failure.message, "the Worker's log has more")
        else:
            if not handled:
                self._say("warning", f"cron {cron}", NO_HANDLER, "export one, or remove it from worker.crons")

    async def on_signal(self, signal: InstanceSignal) -> bool:
        """Let the Worker's class handle what happened to an instance; return whether it did.

        Raises WorkerFailed.
        """
        if self._ended or not self._loaded:
            return False
        return await self._edge.notify(
            ContainerSignal(
                signal.binding, signal.instance, signal.kind, signal.exit_code, signal.reason, signal.message
            )
        )

    def end(self) -> None:
        """Call the Worker no more: it is about to be stopped."""
        self._ended = True


def _names(files: Sequence[Path]) -> str:
    """Return the names of some files, and how many more there are."""
    names = [one.name for one in files[:_MOST_NAMED]]
    more = len(files) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
