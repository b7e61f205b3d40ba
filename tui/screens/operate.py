"""What the dashboard does to instances: it asks first, says what will be lost, and tells the answer."""

from typing import TYPE_CHECKING

from core.control.messages import InstanceActionName
from core.frames.frame import Frame, InstanceRow
from tui.panes.regions import REGION_KEY
from tui.source import FrameSource, SourceGone
from tui.units import per_second

if TYPE_CHECKING:
    from textual.screen import Screen

    from tui.panes.widget import Pane

    _Base = Screen[None]
else:
    _Base = object

_LOSSES: dict[InstanceActionName, str] = {
    "stop": "It is asked to end (SIGTERM); requests that take longer than its grace period are cut off.",
    "restart": "It is stopped and started again; requests in flight may be cut off, the next one waits.",
    "kill": "It ends at once (SIGKILL): every request in flight is cut off.",
}
_DISK = "Its disk is lost: what it wrote is gone when it starts again."


def find_instance(frame: Frame, name: str) -> InstanceRow | None:
    """Return an instance of the frame by its name."""
    return next((one for region in frame.regions for one in region.instances if one.instance == name), None)


def instance_of(frame: Frame, pane: str, key: str) -> InstanceRow | None:
    """Return the instance that a selected row of a pane is about."""
    if pane == "flow":
        key = next((one.instance for one in frame.requests if one.trace_id == key), "")
    elif pane == "cold_starts":
        key = key.partition("@")[0]
    return find_instance(frame, key)


def warning_lines(action: InstanceActionName, instance: InstanceRow) -> list[str]:
    """Say what an action will cost."""
    lines = [_LOSSES[action], _DISK]
    if instance.requests_per_second > 0:
        rate = per_second(instance.requests_per_second).removesuffix("/s")
        lines.append(f"About {rate} requests a second reach it now.")
    if instance.waiting:
        lines.append(f"{instance.waiting} requests wait for it.")
    return lines


class Operate(_Base):
    """The instance actions of the dashboard."""

    frame: Frame
    source: FrameSource

    if TYPE_CHECKING:

        @property
        def pane(self) -> Pane: ...

    def action_start_instance(self) -> None:
        """Start the selected instance, or one more of a class."""
        instance = self._selected()
        if instance is not None:
            self._act("start", instance.instance)
        elif len(self.frame.containers) == 1:
            self._act("start", self.frame.containers[0].name)
        else:
            self._choose_class()

    def action_stop_instance(self) -> None:
        """Stop the selected instance, after asking."""
        self._ask("stop")

    def action_restart_instance(self) -> None:
        """Restart the selected instance, after asking."""
        self._ask("restart")

    def action_kill_instance(self) -> None:
        """Kill the selected instance, after asking."""
        self._ask("kill")

    def action_open(self) -> None:
        """Open the selected row, or zoom."""
        from tui.screens.details import details

        page = details(self.frame, self.pane.spec.id, self.pane.view.selected)
        if page is None:
            self.screen.action_zoom()  # type: ignore[attr-defined]
        else:
            self.app.push_screen(page)

    def action_notices(self) -> None:
        """Show all notices."""
        from tui.screens.details import notices_page

        self.app.push_screen(notices_page(self.frame))

    def _selected(self) -> InstanceRow | None:
        return instance_of(self.frame, self.pane.spec.id, self.pane.view.selected)

    def _ask(self, action: InstanceActionName) -> None:
        from tui.screens.dialog import Choice, Dialog

        instance = self._selected()
        if instance is None:
            key = self.pane.view.selected
            what = "That is a region" if key.startswith(REGION_KEY) else "No instance is selected"
            self.notify(f"{what}: choose an instance with 1, then j and k.", severity="warning", timeout=5)
            return
        name = instance.instance
        choices = (Choice("n", "Cancel", ""), Choice("y", action.capitalize(), action, danger=True))
        dialog = Dialog(
            f"{action.capitalize()} {name} in {instance.region}?", warning_lines(action, instance), choices
        )
        self.app.push_screen(dialog, lambda answer: self._act(action, name) if answer else None)

    def _choose_class(self) -> None:
        from tui.screens.dialog import Choice, Dialog

        if not self.frame.containers:
            self.notify("This deployment has no containers.", severity="warning", timeout=5)
            return
        choices = tuple(
            Choice(str(number), container.name, container.name)
            for number, container in enumerate(self.frame.containers, 1)
        )
        dialog = Dialog("Start an instance", ["Of which class?"], (*choices, Choice("n", "Cancel", "")))
        self.app.push_screen(dialog, lambda answer: self._act("start", answer) if answer else None)

    def _act(self, action: InstanceActionName, instance: str) -> None:
        self.run_worker(self._perform(action, instance), group="actions", exit_on_error=True)

    async def _perform(self, action: InstanceActionName, instance: str) -> None:
        self.notify(f"{action.capitalize()} {instance} …", timeout=2)
        try:
            reply = await self.source.act(action, instance)
        except SourceGone as gone:
            self.notify(str(gone), title=f"Could not {action} {instance}", severity="error", timeout=8)
            return
        if reply.ok:
            self.notify(reply.message or f"{action.capitalize()} {instance}: done.", timeout=4)
        else:
            self.notify(reply.message, title=f"Could not {action} {instance}", severity="error", timeout=8)
