"""The dashboard: all panes at once, fed by one source of frames."""

import asyncio
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.screen import Screen

from core.frames.frame import Frame
from tui.actions import actions_in
from tui.bindings import bindings
from tui.panes import problems
from tui.panes.catalog import ASIDE, BOXED, HEADER, KEYS, PROBLEMS
from tui.panes.rows import Area, View
from tui.panes.widget import Pane
from tui.screens.operate import Operate
from tui.screens.steer import Steer
from tui.source import FrameSource, SourceGone, empty_frame

FRAMES_PER_SECOND = 4.0
FRAMES_PER_SECOND_BLURRED = 1.0
RECONNECT_S = 1.0
_SMALLEST_HEIGHT = 18
_SMALLEST_WIDTH = 56
"""Under this size the dashboard shows one pane at a time."""
_NARROW_WIDTH = 100


class DashboardScreen(Operate, Steer, Screen[None]):
    """Shows each frame in all panes, and acts on what is selected."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(actions_in("dashboard", "instance"))]

    def __init__(self, source: FrameSource) -> None:
        super().__init__()
        self.source = source
        self.frame = empty_frame()
        """The frame on the screen."""
        self.latest = self.frame
        """The newest frame, which differs from the one on the screen while paused."""
        self.view = View()
        self.zoomed = ""
        self.current = BOXED[0].id
        self._left = (self.current, "")
        """The pane and the zoom that a pane aside was opened from."""

    def compose(self) -> ComposeResult:
        """Yield the panes: two rows of boxes between the header and the keys."""
        panes = {spec.id: Pane(spec, self.frame) for spec in (*BOXED, *ASIDE, HEADER, PROBLEMS, KEYS)}
        self.panes = panes
        yield panes["header"]
        yield panes["problems"]
        yield Horizontal(panes["regions"], panes["flow"], id="top", classes="row")
        yield Horizontal(panes["cold_starts"], panes["memory"], panes["cost"], id="bottom", classes="row")
        yield Horizontal(*(panes[spec.id] for spec in ASIDE), id="aside", classes="row aside")
        yield panes["keys"]

    def on_mount(self) -> None:
        """Focus the first pane and begin to follow the source."""
        self.panes[self.current].focus()
        self._follow_at(FRAMES_PER_SECOND)
        self.watch(self.app, "app_focus", self._look, init=False)

    # Frames

    def _follow_at(self, per_second: float) -> None:
        self.run_worker(self._follow(per_second), group="frames", exclusive=True, exit_on_error=True)

    async def _follow(self, per_second: float) -> None:
        while True:
            try:
                async for frame in self.source.frames(per_second):
                    self.receive(frame)
            except SourceGone as gone:
                self._show_banner(str(gone))
            await asyncio.sleep(RECONNECT_S)

    def receive(self, frame: Frame) -> None:
        """Take the newest frame; draw it unless the picture is paused."""
        self.latest = frame
        reconnected = self.view.banner is not None
        if frame.state == "stopped":
            self._show_banner("the engine has stopped")
        elif reconnected:
            self.view = self.view._replace(banner=None)
        if not self.view.paused or reconnected:
            self.draw()

    def draw(self) -> None:
        """Draw the newest frame in all panes at once."""
        self.frame = self.latest
        with self.app.batch_update():
            self._draw_problems()
            for pane in self.panes.values():
                if pane.spec.boxed:
                    pane.show(self.frame)
                else:
                    pane.show(self.frame, self.view)

    def _draw_problems(self) -> None:
        height = problems.needed_height(self.frame, self.view, Area(*self.size))
        if (
            self.panes["problems"].styles.height is None
            or self.panes["problems"].styles.height.value != height
        ):
            self.panes["problems"].styles.height = height

    def _show_banner(self, message: str) -> None:
        advice = "Trying again every second; q leaves the console."
        if self.view.banner != (message, advice):
            self.view = self.view._replace(banner=(message, advice))
            self.draw()

    # What the terminal says

    def on_resize(self, event: events.Resize) -> None:
        """Choose how the room is divided."""
        width, height = event.size
        self.set_class(width < _NARROW_WIDTH, "-narrow")
        self._arrange(small=width < _SMALLEST_WIDTH or height < _SMALLEST_HEIGHT)

    def _arrange(self, small: bool | None = None) -> None:
        if small is None:
            small = self.size.width < _SMALLEST_WIDTH or self.size.height < _SMALLEST_HEIGHT
        one = self.zoomed or (self.current if small else "")
        self.set_class(bool(one), "-one")
        for row in self.query(".row"):
            row.set_class(bool(one) and self.panes[one] in row.children, "-shown")
        for spec in (*BOXED, *ASIDE):
            self.panes[spec.id].set_class(spec.id == one, "-shown")

    def _look(self, focused: bool) -> None:
        """Look less often while nobody looks."""
        self._follow_at(FRAMES_PER_SECOND if focused else FRAMES_PER_SECOND_BLURRED)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Remember which pane is in use."""
        if isinstance(event.widget, Pane) and event.widget.id is not None:
            self.current = event.widget.id

    # Actions on panes

    @property
    def pane(self) -> Pane:
        """The pane in use."""
        return self.panes[self.current]

    def action_focus_pane(self, pane: str) -> None:
        """Go to a pane; a zoom goes with it, a pane aside is closed."""
        zoomed = self._left[1] if self._aside else self.zoomed
        self.current = pane
        self.zoomed = pane if zoomed else ""
        self._arrange()
        self.panes[pane].focus()

    def action_next_pane(self) -> None:
        """Go to the next pane."""
        self._step_pane(1)

    def action_previous_pane(self) -> None:
        """Go to the pane before."""
        self._step_pane(-1)

    def _step_pane(self, step: int) -> None:
        order = [spec.id for spec in BOXED]
        current = self._left[0] if self._aside else self.current
        self.action_focus_pane(order[(order.index(current) + step) % len(order)])

    @property
    def _aside(self) -> bool:
        return any(spec.id == self.current for spec in ASIDE)

    def action_isolates(self) -> None:
        """Show the isolates over the whole screen, or go back."""
        self._show_aside("isolates")

    def action_decisions(self) -> None:
        """Show the scaling decisions over the whole screen, or go back."""
        self._show_aside("decisions")

    def _show_aside(self, pane: str) -> None:
        if self.current == pane:
            self._leave_aside()
            return
        if not self._aside:
            self._left = (self.current, self.zoomed)
        self.current = self.zoomed = pane
        self._arrange()
        self.pane.focus()

    def _leave_aside(self) -> None:
        self.current, self.zoomed = self._left
        self._arrange()
        self.pane.focus()

    def action_cursor(self, distance: int) -> None:
        """Move the selection."""
        self.pane.move(distance)

    def action_cursor_page(self, direction: int) -> None:
        """Move the selection by a page."""
        self.pane.move(direction * self.pane.page_rows())

    def action_cursor_first(self) -> None:
        """Select the first row."""
        self.pane.select(next(iter(self.pane.keys()), ""))

    def action_cursor_last(self) -> None:
        """Select the last row."""
        self.pane.select(next(reversed(self.pane.keys()), ""))

    def action_zoom(self) -> None:
        """Give the pane in use the whole screen, or undo that."""
        if self._aside:
            self._leave_aside()
            return
        self.zoomed = "" if self.zoomed else self.current
        self._arrange()
        self.pane.focus()

    def action_back(self) -> None:
        """Undo the zoom, then the selection."""
        if self.zoomed:
            self.action_zoom()
        else:
            self.pane.view = self.pane.view._replace(top=0)
            self.pane.select("")

    def action_pause(self) -> None:
        """Freeze the picture, or catch up."""
        self.view = self.view._replace(paused=not self.view.paused)
        if self.view.paused:
            self.panes["header"].show(self.frame, self.view)
        else:
            self.draw()

    def action_copy_row(self) -> None:
        """Copy the selected row."""
        text = self.pane.selected_text()
        if text:
            self.app.copy_to_clipboard(text)
            self.notify(f"Copied {len(text)} characters.", timeout=3)
        else:
            self.notify("Select a row first, with j and k or the mouse.", severity="warning", timeout=4)
