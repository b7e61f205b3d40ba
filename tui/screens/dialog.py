"""A question above the dashboard: what will happen, and the choices, each with its key."""

from typing import ClassVar, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from core.frames.frame import Frame
from tui.panes.rows import Area, Row, Segment, View, blank, cells, clean, left, row
from tui.panes.widget import Pane, PaneSpec
from tui.source import empty_frame
from tui.wrap import wrapped

_WIDEST = 68


class Choice(NamedTuple):
    """One answer: its key, its word, and what the dialog returns (empty: nothing is done).

    Choices of which any has a ``note`` stand below each other.
    """

    key: str
    label: str
    value: str
    danger: bool = False
    note: str = ""


class Dialog(ModalScreen[str]):
    """Asks; returns the value of the choice, or the empty text when closed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "cancel", "Cancel", show=False),
        Binding("left,up,shift+tab", "step(-1)", "Before", show=False, priority=True),
        Binding("right,down,tab", "step(1)", "Next", show=False, priority=True),
        Binding("enter", "choose", "Choose", show=False),
    ]

    def __init__(self, title: str, lines: list[str], choices: tuple[Choice, ...], default: int = 0) -> None:
        super().__init__()
        self.title_text = title
        self.lines = lines
        self.choices = choices
        self.chosen = default
        self._stacked = any(choice.note for choice in choices)

    def compose(self) -> ComposeResult:
        """Yield the sheet."""
        self.sheet = Pane(
            PaneSpec("dialog", self.layout_rows, self.title_text.replace("[", r"\[")), empty_frame()
        )
        self.sheet.add_class("sheet")
        self.sheet.styles.border_title_align = "left"
        yield self.sheet

    def on_mount(self) -> None:
        """Take the room that the text needs."""
        self._fit(self.app.size.width)
        self.sheet.focus()

    def on_resize(self, event: events.Resize) -> None:
        """Fit the sheet into the terminal."""
        self._fit(event.size.width)

    def _fit(self, screen_width: int) -> None:
        width = min(_WIDEST, screen_width - 2)
        self.sheet.styles.width = width
        self.sheet.styles.height = len(self._text_rows(width - 4)) + len(self._buttons(width - 4)) + 3

    def layout_rows(self, frame: Frame, area: Area, view: View) -> list[Row]:
        """Draw the text and the choices."""
        rows = [*self._text_rows(area.width), blank(area.width), *self._buttons(area.width)]
        return rows[-area.height :]

    def _text_rows(self, width: int) -> list[Row]:
        return [row(width, (text, "text")) for line in self.lines for text in wrapped(line, width)]

    def _buttons(self, width: int) -> list[Row]:
        if self._stacked:
            return [self._line(index, choice, width) for index, choice in enumerate(self.choices)]
        segments: list[Segment] = []
        for index in range(len(self.choices)):
            segments += [self._button(index), ("  ", "text")]
        return [row(width, *segments)]

    def _button(self, index: int, width: int = 0) -> Segment:
        choice = self.choices[index]
        mark = "▸" if index == self.chosen else " "
        text = f"{mark}{choice.key} {clean(choice.label)} "
        return left(text, max(width, cells(text))), "button-on" if index == self.chosen else "button"

    def _line(self, index: int, choice: Choice, width: int) -> Row:
        label = max(cells(one.label) for one in self.choices) + 4
        return row(width, self._button(index, label), (f"  {choice.note}", "muted"))

    def on_key(self, event: events.Key) -> None:
        """Choose at once by a choice's own key."""
        for choice in self.choices:
            if event.character == choice.key:
                event.stop()
                self.dismiss(choice.value)
                return

    def on_click(self, event: events.Click) -> None:
        """Choose the button under the mouse."""
        offset = event.get_content_offset(self.sheet)
        if offset is not None and self._stacked:
            index = offset.y - (self.sheet.size.height - len(self.choices))
            if 0 <= index < len(self.choices):
                self.dismiss(self.choices[index].value)
            return
        if offset is None or offset.y != self.sheet.size.height - 1:
            return
        x = 0
        for choice in self.choices:
            end = x + cells(f" {choice.key} {choice.label} ")
            if x <= offset.x < end:
                self.dismiss(choice.value)
                return
            x = end + 2

    def action_step(self, step: int) -> None:
        """Move among the choices."""
        self.chosen = (self.chosen + step) % len(self.choices)
        self.sheet.show(empty_frame())

    def action_choose(self) -> None:
        """Take the marked choice."""
        self.dismiss(self.choices[self.chosen].value)

    def action_cancel(self) -> None:
        """Close without an answer."""
        self.dismiss("")
