"""Every key of the console, in one table: bindings, the palette, the help screen and the README read it."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

Context = Literal["everywhere", "dashboard", "instance", "sheet"]
CONTEXTS: dict[Context, str] = {
    "everywhere": "Everywhere",
    "dashboard": "On the dashboard",
    "instance": "On the selected instance",
    "sheet": "On a page above the dashboard",
}


class Action(NamedTuple):
    """One thing that a person can do. ``danger`` marks what asks before it happens."""

    id: str
    keys: tuple[str, ...]
    context: Context
    title: str
    help: str
    danger: bool = False
    hint: str = ""
    """The word beside the key in the footer; empty for those not shown there."""
    in_palette: bool = True


ACTIONS: tuple[Action, ...] = (
    Action(
        "help",
        ("question_mark", "f1"),
        "everywhere",
        "Help",
        "Show all keys, and what the glyphs mean.",
        hint="help",
    ),
    Action(
        "command_palette",
        ("colon", "ctrl+p"),
        "everywhere",
        "Commands",
        "Search all commands by name.",
        hint="commands",
        in_palette=False,
    ),
    Action(
        "toggle_theme",
        ("t",),
        "everywhere",
        "Theme",
        "Change between the dark and the light theme.",
        hint="theme",
    ),
    Action(
        "ask_quit",
        ("q", "ctrl+q"),
        "everywhere",
        "Quit",
        "Close this page; on the dashboard leave the console, and say whether the engine goes on.",
        hint="quit",
    ),
    *(
        Action(
            f"focus_pane('{pane}')", (str(number),), "dashboard", f"Go to {title}", f"Focus the pane {title}."
        )
        for number, pane, title in (
            (1, "regions", "regions"),
            (2, "flow", "request flow"),
            (3, "cold_starts", "cold starts"),
            (4, "memory", "memory"),
            (5, "cost", "cost"),
        )
    ),
    Action(
        "isolates",
        ("i",),
        "dashboard",
        "Isolates",
        "Show the isolates of the Worker over the whole screen, or go back.",
        hint="isolates",
    ),
    Action(
        "decisions",
        ("d",),
        "dashboard",
        "Scaling decisions",
        "Show the scaling decisions with their reasons over the whole screen, or go back.",
        hint="decisions",
    ),
    Action("next_pane", ("tab",), "dashboard", "Next pane", "Focus the next pane.", in_palette=False),
    Action(
        "previous_pane",
        ("shift+tab",),
        "dashboard",
        "Previous pane",
        "Focus the pane before.",
        in_palette=False,
    ),
    Action("cursor(1)", ("j", "down"), "dashboard", "Down", "Select the next row.", in_palette=False),
    Action("cursor(-1)", ("k", "up"), "dashboard", "Up", "Select the row above.", in_palette=False),
    Action(
        "cursor_page(1)",
        ("pagedown", "ctrl+f"),
        "dashboard",
        "Page down",
        "Go a page down.",
        in_palette=False,
    ),
    Action(
        "cursor_page(-1)", ("pageup", "ctrl+b"), "dashboard", "Page up", "Go a page up.", in_palette=False
    ),
    Action(
        "cursor_first", ("g", "home"), "dashboard", "First row", "Select the first row.", in_palette=False
    ),
    Action("cursor_last", ("G", "end"), "dashboard", "Last row", "Select the last row.", in_palette=False),
    Action(
        "zoom",
        ("plus", "z"),
        "dashboard",
        "Zoom",
        "Give the focused pane the whole screen, or undo that.",
        hint="zoom",
    ),
    Action(
        "open",
        ("enter",),
        "dashboard",
        "Open",
        "Open the selected row; zoom the pane where none is selected.",
        hint="open",
    ),
    Action("back", ("escape",), "dashboard", "Back", "Undo the zoom, then the selection.", in_palette=False),
    Action(
        "pause", ("space",), "dashboard", "Pause", "Freeze the picture; the engine goes on.", hint="pause"
    ),
    Action(
        "latency",
        ("l",),
        "dashboard",
        "Distance",
        "Switch the emulated distance, live: real, off, twice.",
        hint="distance",
    ),
    Action("notices", ("n",), "dashboard", "Notices", "Show what happened, with advice.", hint="notices"),
    Action(
        "copy_row",
        ("y",),
        "dashboard",
        "Copy the row",
        "Copy the selected row to the clipboard.",
        hint="copy",
    ),
    Action(
        "start_instance",
        ("s",),
        "instance",
        "Start",
        "Start a stopped instance, or a new one of a class.",
        hint="start",
    ),
    Action("stop_instance", ("x",), "instance", "Stop", "Stop it gracefully; asks first.", True, hint="stop"),
    Action(
        "restart_instance",
        ("r",),
        "instance",
        "Restart",
        "Stop it and start it anew; asks first.",
        True,
        hint="restart",
    ),
    Action(
        "kill_instance", ("ctrl+k",), "instance", "Kill", "End it at once; asks first.", True, hint="kill"
    ),
    Action(
        "scale",
        ("w",),
        "instance",
        "Instances wanted",
        "Say how many instances its class shall have in its region, or give that back to the policy.",
        hint="scale",
    ),
    Action(
        "start_policy",
        ("p",),
        "instance",
        "Start policy",
        "Choose how its class is started from now on.",
        hint="start policy",
    ),
    Action("close", ("escape",), "sheet", "Close", "Close the page.", in_palette=False),
)
KEY_NAMES = {
    "question_mark": "?",
    "colon": ":",
    "plus": "+",
    "escape": "esc",
    "f1": "F1",
    "pagedown": "page down",
    "pageup": "page up",
    "down": "↓",
    "up": "↑",
}


def key_name(key: str) -> str:
    """Return a key as a person calls it."""
    return KEY_NAMES.get(key, key)


def keys_of(action: Action) -> str:
    """Return an action's keys for a person: ``? F1``."""
    return "  ".join(key_name(key) for key in action.keys)


def actions_in(*contexts: Context) -> list[Action]:
    """Return the actions of some contexts, in the order of the table."""
    return [action for action in ACTIONS if action.context in contexts]


def markdown_table(actions: Iterable[Action] = ACTIONS) -> str:
    """Return the keys as a Markdown table, for the README."""
    lines = ["| key | where | does |", "|---|---|---|"]
    for action in actions:
        names = " ".join(f"`{key_name(key)}`" for key in action.keys)
        lines.append(f"| {names} | {CONTEXTS[action.context].lower()} | **{action.title}.** {action.help} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(markdown_table(), end="")
