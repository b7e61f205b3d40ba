"""The one widget of all panes: draws a layout's rows as strips, and repaints only rows that changed."""

from collections.abc import Callable
from typing import Any, NamedTuple

from rich.segment import Segment as RichSegment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from core.frames.frame import Frame
from tui.panes.rows import Area, Row, View, blank
from tui.styles import palette

Layout = Callable[[Frame, Area, View], list[Row]]


class PaneSpec(NamedTuple):
    """What a pane is: its layout, and the pure functions beside it."""

    id: str
    layout: Layout
    title: str = ""
    keys: Callable[[Frame], list[str]] | None = None
    subtitle: Callable[[Frame], str] | None = None
    boxed: bool = True
    counted: bool = True
    """Say at the border how many rows are below; a history does not."""


class Pane(Widget):
    """One pane. ``show`` gives it a frame; keys and mouse move its selection."""

    def __init__(self, spec: PaneSpec, frame: Frame) -> None:
        super().__init__(id=spec.id, classes="boxed" if spec.boxed else "")
        self.can_focus = spec.boxed
        self.spec = spec
        self.view = View()
        self.drawn_rows: list[Row] = []
        self.clean_rows = 0
        """The number of rows that the last frame left as they were (for measuring)."""
        self._frame = frame
        self._strips: dict[int, Strip] = {}
        self._palette: dict[str, Style] | None = None
        self._with_offsets = False
        if spec.title:
            self.border_title = spec.title

    def show(self, frame: Frame, view: View | None = None) -> None:
        """Draw a frame; ``view`` replaces how the pane is looked at."""
        self._frame = frame
        if view is not None:
            self.view = view
        self._redraw()

    def _redraw(self) -> None:
        width, height = self.size
        if not self.is_mounted or width <= 0 or height <= 0 or not self.display:
            return
        rows = self.spec.layout(self._frame, Area(width, height), self.view)
        rows += [blank(width)] * (height - len(rows))
        self._refresh_changed(rows, width)
        if self.spec.subtitle is not None:
            self._set_subtitle(self._hidden_words() + self.spec.subtitle(self._frame))

    def _hidden_words(self) -> str:
        names = self.keys()
        last = next((row.key for row in reversed(self.drawn_rows) if row.key), "")
        if last not in names or not self.spec.counted:
            return ""
        below = len(names) - 1 - names.index(last)
        return f"▾ {below} more · " if below else ""

    def _set_subtitle(self, text: str) -> None:
        escaped = text.replace("[", r"\[")
        if self.border_subtitle != escaped:
            self.border_subtitle = escaped

    def _refresh_changed(self, rows: list[Row], width: int) -> None:
        before = self.drawn_rows
        self.drawn_rows = rows
        if len(before) != len(rows):
            self._strips.clear()
            self.refresh()
            return
        changed = [y for y, row in enumerate(rows) if row != before[y]]
        self.clean_rows = len(rows) - len(changed)
        for y in changed:
            self._strips.pop(y, None)
        if changed:
            # With its borders: a whole row is drawn as it is, a part of one has to be cut out first.
            before_row = self.content_offset.x
            self.refresh(*(Region(-before_row, y, self.outer_size.width, 1) for y in changed))

    # Drawing

    def render_line(self, y: int) -> Strip:
        """Return one row as a strip, from the cache where it did not change."""
        strip = self._strips.get(y)
        if strip is None:
            strip = self._strip(y)
            self._strips[y] = strip
        return strip

    def _strip(self, y: int) -> Strip:
        styles = self._styles()
        if y >= len(self.drawn_rows):
            return Strip.blank(self.size.width, styles["text"])
        row = self.drawn_rows[y]
        suffix = "@cursor" if row.cursor else ""
        strip = Strip(
            [RichSegment(text, styles[name + suffix]) for text, name in row.segments], self.size.width
        )
        selection = self.text_selection
        if selection is not None and (span := selection.get_span(y)) is not None:
            strip = self._with_selection(strip, *span)
        return strip.apply_offsets(0, y) if self._with_offsets or selection is not None else strip

    def _with_selection(self, strip: Strip, start: int, end: int) -> Strip:
        style = self.screen.get_component_rich_style("screen--selection")
        width = strip.cell_length
        end = width if end == -1 else min(end, width)
        parts = list(strip.divide([start, end, width])) if start < end else [strip]
        if len(parts) > 1:
            parts[1] = Strip([RichSegment(text, (own or Style()) + style) for text, own, _ in parts[1]])
        return Strip.join(parts)

    def _styles(self) -> dict[str, Style]:
        if self._palette is None:
            background = self.background_colors[1].rich_color.triplet
            assert background is not None
            self._palette = palette(self.app.theme_variables, background.hex)
        return self._palette

    def notify_style_update(self) -> None:
        """Forget what was drawn in the old styles."""
        self._palette = None
        self._strips.clear()
        super().notify_style_update()

    def on_resize(self) -> None:
        """Lay out again for the new size."""
        self.drawn_rows = []
        self._redraw()

    def on_show(self) -> None:
        """Catch up with the frames that came while the pane was hidden."""
        self._redraw()

    # Text selection with the mouse: offsets cost time, so only a pane under the mouse carries them.

    def on_enter(self, event: events.Enter) -> None:
        """Make text selectable."""
        self._offsets(True)

    def on_leave(self, event: events.Leave) -> None:
        """Stop paying for offsets."""
        self._offsets(False)

    def _offsets(self, wanted: bool) -> None:
        if self._with_offsets != wanted:
            self._with_offsets = wanted
            self._strips.clear()
            self.refresh()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return the selected text."""
        text = "\n".join(row.text for row in self.drawn_rows)
        return selection.extract(text), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw the selection anew."""
        self._strips.clear()
        self.refresh()

    # The selected row

    def keys(self) -> list[str]:
        """Return the keys of all rows that can be selected."""
        return self.spec.keys(self._frame) if self.spec.keys is not None else []

    def select(self, key: str) -> None:
        """Select a row by its key, or none; the pane scrolls to it."""
        names = self.keys()
        top = self.view.top
        if key in names:
            index = names.index(key)
            page = self.page_rows()
            top = max(min(top, index), index - page + 1)
        self.view = self.view._replace(selected=key, top=max(top, 0))
        self._redraw()

    def page_rows(self) -> int:
        """Return the number of items on the screen."""
        return max(1, len({row.key for row in self.drawn_rows if row.key}))

    def move(self, distance: int) -> None:
        """Move the selection by rows; without one it starts at the first row."""
        names = self.keys()
        if not names:
            return
        if self.view.selected not in names:
            self.select(names[min(self.view.top, len(names) - 1)])
            return
        index = names.index(self.view.selected) + distance
        self.select(names[max(0, min(index, len(names) - 1))])

    def on_click(self, event: events.Click) -> None:
        """Select the row under the mouse."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.y < len(self.drawn_rows) and (key := self.drawn_rows[offset.y].key):
            self.select(key)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll the list without moving the selection."""
        self._scroll(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll the list without moving the selection."""
        self._scroll(-3)

    def _scroll(self, distance: int) -> None:
        most = max(0, len(self.keys()) - self.page_rows())
        self.view = self.view._replace(selected="", top=max(0, min(self.view.top + distance, most)))
        self._redraw()

    def selected_text(self) -> str:
        """Return the text of the selected row."""
        return "\n".join(row.text.strip() for row in self.drawn_rows if row.cursor)

    def __rich_repr__(self) -> Any:
        yield "id", self.id
