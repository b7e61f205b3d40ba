"""The last line: the keys that do something here."""

from collections.abc import Sequence

from core.frames.frame import Frame
from tui.actions import ACTIONS, Action, key_name
from tui.panes.rows import Area, Row, Segment, View, row, width_of

_ORDER = (
    *("help", "ask_quit", "open", "latency", "scale", "start_instance", "pause", "decisions", "zoom"),
    *("isolates", "start_policy", "kill_instance", "stop_instance", "restart_instance"),
    *("command_palette", "notices", "toggle_theme", "copy_row"),
)
"""Which keys get room first."""


def layout(frame: Frame, area: Area, view: View) -> list[Row]:
    """Draw the footer, with as many keys as there is room for, in the order of the table."""
    hinted = [action for action in ACTIONS if action.hint]
    chosen: list[Action] = []
    room = area.width - 1
    for action in sorted(hinted, key=lambda one: _ORDER.index(one.id)):
        width = width_of(_hint(action))
        if width <= room:
            chosen.append(action)
            room -= width
    return [row(area.width, (" ", "bar-text"), *_in_order(chosen, hinted), fill="bar-text")]


def _in_order(chosen: Sequence[Action], hinted: Sequence[Action]) -> list[Segment]:
    return [segment for action in hinted if action in chosen for segment in _hint(action)]


def _hint(action: Action) -> list[Segment]:
    return [(key_name(action.keys[0]), "bar-key"), (f" {action.hint}   ", "bar-text")]
