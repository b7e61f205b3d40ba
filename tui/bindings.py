"""Turns the table of actions into Textual's bindings."""

from collections.abc import Iterable

from textual.binding import Binding

from tui.actions import Action


def bindings(actions: Iterable[Action]) -> list[Binding]:
    """Return a binding for each action; its id lets a user's keymap give it another key."""
    return [
        Binding(
            ",".join(action.keys), action.id, action.title, show=False, id=action.id, priority=_first(action)
        )
        for action in actions
    ]


def _first(action: Action) -> bool:
    # Textual's screens bind tab themselves; the dashboard's own order of panes goes first.
    return action.id in ("next_pane", "previous_pane")
