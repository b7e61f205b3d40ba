"""A question for a number above the dashboard: typed, or stepped with the arrows."""

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from core.frames.frame import Frame
from tui.panes.rows import Area, Row, View, blank, row
from tui.panes.widget import Pane, PaneSpec
from tui.source import empty_frame
from tui.wrap import wrapped

_WIDEST = 68
_DIGITS = 5
AUTOMATIC = "auto"
"""What is returned for ``a``."""


class NumberDialog(ModalScreen[str]):
    """Asks for a whole number; returns it as text, ``auto``, or the empty text when closed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "cancel", "Cancel", show=False),
        Binding("up,right,k", "step(1)", "More", show=False),
        Binding("down,left,j", "step(-1)", "Less", show=False),
        Binding("backspace", "erase", "Erase", show=False),
        Binding("a", "automatic", "Automatic", show=False),
        Binding("enter", "accept", "Accept", show=False),
    ]

    def __init__(self, title: str, value: int, most: int, explain: Callable[[int], list[str]]) -> None:
        """Ask for a number from 0 to ``most``, beginning at ``value``; ``explain`` says what one will do."""
        super().__init__()
        self.title_text = title
        self.typed = str(value)
        self._fresh = True
        self._most = most
        self._explain = explain

    @property
    def number(self) -> int:
        """The number as it stands."""
        return int(self.typed or "0")

    def compose(self) -> ComposeResult:
        """Yield the sheet."""
        title = self.title_text.replace("[", r"\[")
        self.sheet = Pane(PaneSpec("number", self.layout_rows, title), empty_frame())
        self.sheet.add_class("sheet")
        self.sheet.styles.border_title_align = "left"
        yield self.sheet

    def on_mount(self) -> None:
        """Take the room that the text needs."""
        self._fit()
        self.sheet.focus()

    def on_resize(self) -> None:
        """Fit the sheet into the terminal."""
        self._fit()

    def _fit(self) -> None:
        width = min(_WIDEST, self.app.size.width - 2)
        self.sheet.styles.width = width
        self.sheet.styles.height = len(self._rows(width - 4)) + 2

    def layout_rows(self, frame: Frame, area: Area, view: View) -> list[Row]:
        """Draw the number, and what it will do."""
        return self._rows(area.width)[: area.height]

    def _rows(self, width: int) -> list[Row]:
        value = (f" {self.typed or ' '}{'' if self._fresh else '▏'} ", "button-on")
        rows = [
            row(width, ("  ▾ ", "muted"), value, (" ▴ ", "muted"), (f"  0 to {self._most:,}", "muted")),
            blank(width),
        ]
        rows += [
            row(width, (line, "text")) for text in self._explain(self.number) for line in wrapped(text, width)
        ]
        keys = (("enter", "do it"), ("a", "leave it to the policy"), ("esc", "cancel"))
        hints = [part for key, word in keys for part in ((key, "key"), (f" {word}   ", "muted"))]
        return [*rows, blank(width), row(width, *hints)]

    def on_key(self, event: events.Key) -> None:
        """Take a digit; the first one replaces the number that stood there."""
        if event.character is None or event.character not in "0123456789":
            return
        event.stop()
        typed = event.character if self._fresh else (self.typed + event.character)[-_DIGITS:]
        self._set(int(typed))
        self._fresh = False
        self._redraw()

    def action_step(self, step: int) -> None:
        """Go up or down by one."""
        self._set(self.number + step)
        self._redraw()

    def action_erase(self) -> None:
        """Take the last digit away."""
        self.typed, self._fresh = self.typed[:-1], False
        self._redraw()

    def _set(self, number: int) -> None:
        self.typed = str(max(0, min(number, self._most)))

    def _redraw(self) -> None:
        self._fit()
        self.sheet.show(empty_frame())

    def action_automatic(self) -> None:
        """Give the number back to the policy."""
        self.dismiss(AUTOMATIC)

    def action_accept(self) -> None:
        """Take the number."""
        self.dismiss(str(self.number))

    def action_cancel(self) -> None:
        """Close without an answer."""
        self.dismiss("")
