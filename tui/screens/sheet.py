"""A page above the dashboard: a title and rows of text that scroll."""

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from core.frames.frame import Frame
from tui.panes.rows import Area, Row, View
from tui.panes.widget import Pane, PaneSpec
from tui.source import empty_frame

Draw = Callable[[int], list[Row]]
"""Draws all rows of a page for a width."""
_MARGIN = 4
_WIDEST = 120


class Sheet(ModalScreen[None]):
    """Shows the rows of a page; closes on escape, q or enter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "close", "Close", show=False),
        Binding("j,down", "scroll_rows(1)", "Down", show=False),
        Binding("k,up", "scroll_rows(-1)", "Up", show=False),
        Binding("pagedown,ctrl+f,space", "scroll_page(1)", "Page down", show=False),
        Binding("pageup,ctrl+b", "scroll_page(-1)", "Page up", show=False),
        Binding("g,home", "scroll_first", "First", show=False),
        Binding("G,end", "scroll_last", "Last", show=False),
        Binding("y", "copy_page", "Copy", show=False),
    ]

    def __init__(self, title: str, draw: Draw, widest: int = _WIDEST) -> None:
        super().__init__()
        self.title_text = title
        self._draw = draw
        self._widest = widest
        self._first = 0

    def compose(self) -> ComposeResult:
        """Yield the sheet."""
        self.sheet = Pane(
            PaneSpec("page", self.layout_rows, self.title_text.replace("[", r"\[")), empty_frame()
        )
        self.sheet.add_class("sheet")
        yield self.sheet

    def on_mount(self) -> None:
        """Take the room that the text needs."""
        self._fit(*self.app.size)
        self.sheet.focus()

    def on_resize(self, event: events.Resize) -> None:
        """Fit the sheet into the terminal."""
        self._fit(*event.size)

    def _fit(self, width: int, height: int) -> None:
        self.sheet.styles.width = min(self._widest, width - 2)
        rows = len(self._draw(min(self._widest, width - 2) - _MARGIN))
        self.sheet.styles.height = min(rows + 2, height - 2)

    def layout_rows(self, frame: Frame, area: Area, view: View) -> list[Row]:
        """Draw the part of the page that is scrolled to."""
        rows = self._draw(area.width)
        self._first = max(0, min(self._first, len(rows) - area.height))
        last = min(self._first + area.height, len(rows))
        below = f"{self._first + 1}-{last} of {len(rows)}  j k " if len(rows) > area.height else ""
        self.sheet.border_subtitle = f"{below}esc closes"
        return rows[self._first : last]

    def action_scroll_rows(self, distance: int) -> None:
        """Scroll by rows."""
        self._first = max(0, self._first + distance)
        self.sheet.show(empty_frame())

    def action_scroll_page(self, direction: int) -> None:
        """Scroll by a page."""
        self.action_scroll_rows(direction * max(1, self.sheet.size.height - 1))

    def action_scroll_first(self) -> None:
        """Scroll to the top."""
        self.action_scroll_rows(-self._first)

    def action_scroll_last(self) -> None:
        """Scroll to the end."""
        self.action_scroll_rows(len(self._draw(self.sheet.size.width)))

    def action_copy_page(self) -> None:
        """Copy the page's text."""
        text = "\n".join(row.text.rstrip() for row in self._draw(self.sheet.size.width))
        self.app.copy_to_clipboard(text)
        self.notify(f"Copied {len(text)} characters.", timeout=3)

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)
