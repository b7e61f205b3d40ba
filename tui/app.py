"""The console: one application over one source of frames."""

import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.filter import ANSIToTruecolor, LineFilter
from textual.screen import Screen

from tui.actions import ACTIONS, actions_in, keys_of
from tui.bindings import bindings
from tui.screens.dashboard import DashboardScreen
from tui.source import FrameSource, SourceGone
from tui.themes import load_stylesheet, load_themes

THEME_VARIABLE = "HYBRID_TUI_THEME"
"""Names the theme to begin with: ``dark`` or ``light``."""
_THEME_PREFIX = "hybrid-"


class Console(App[None]):
    """Shows a deployment. ``owner`` says that this command started the engine, so leaving may stop it."""

    TITLE = "hybrid-tui"
    CSS = load_stylesheet()
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(actions_in("everywhere"))]

    def __init__(
        self, source: FrameSource, *, owner: bool = False, stays: bool = True, theme: str = ""
    ) -> None:
        """Show ``source``. ``owner``: the engine was started for this console, so leaving stops it by
        default; ``stays``: it may be left running."""
        self.themes = load_themes()
        super().__init__()
        self.source = source
        self.owner = owner
        self.stays = stays
        for one in self.themes:
            self.register_theme(one)
        self.theme = self._theme_name(theme)

    def _theme_name(self, wanted: str) -> str:
        names = [one.name for one in self.themes]
        return next((name for name in names if wanted in (name, name.removeprefix(_THEME_PREFIX))), names[0])

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the default theme's colours, so that the stylesheet holds under every theme."""
        return self.themes[0].variables

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return the filters of all drawn lines.

        Every theme is true colour, so nothing is left to do for the filter that replaces the
        terminal's own colours; it would cost a twentieth of each frame.
        """
        return [one for one in super().get_line_filters() if not isinstance(one, ANSIToTruecolor)]

    def get_default_screen(self) -> Screen[None]:
        """Return the dashboard."""
        self.dashboard = DashboardScreen(self.source)
        return self.dashboard

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yield the actions of the table for the palette."""
        for action in ACTIONS:
            if action.in_palette:
                title = f"{action.title}  ({keys_of(action)})"
                yield SystemCommand(title, action.help, partial(self._run, action.id))

    def _run(self, action: str) -> None:
        name = action.partition("(")[0]
        target = self if hasattr(self, f"action_{name}") else self.dashboard
        self.call_later(self.run_action, action, target)

    def action_help(self) -> None:
        """Show the help page."""
        from tui.screens.help import help_page

        self.push_screen(help_page())

    def action_toggle_theme(self) -> None:
        """Go to the next theme."""
        names = [one.name for one in self.themes]
        self.theme = names[(names.index(self.theme) + 1) % len(names)] if self.theme in names else names[0]

    def action_help_quit(self) -> None:
        """Ask about leaving on ctrl+c too."""
        self.action_ask_quit()

    def action_ask_quit(self) -> None:
        """Leave the console, after asking what becomes of the engine."""
        from tui.screens.dialog import Choice, Dialog

        if self.dashboard.view.banner is not None:
            self.exit()
            return
        name = self.dashboard.frame.deployment or "the deployment"
        lines = [f"Stopping ends {name}: its instances and networks are removed, and their disks are lost."]
        choices = [Choice("s", "Stop the engine", "stop", danger=True)]
        if self.stays:
            lines.append("Left running, it goes on answering; hybrid-tui attach comes back to it.")
            choices.insert(1 if self.owner else 0, Choice("l", "Leave it running", "leave"))
        choices.append(Choice("n", "Cancel", ""))
        self.push_screen(Dialog("Leave the console?", lines, tuple(choices)), self._leave)

    def _leave(self, answer: str | None) -> None:
        if answer == "leave":
            self.exit()
        elif answer == "stop":
            self.notify("Stopping: instances end, networks are removed …", timeout=60)
            self.run_worker(self._stop_engine(), group="actions", exit_on_error=True)

    async def _stop_engine(self) -> None:
        try:
            reply = await self.source.stop_engine()
        except SourceGone:
            self.exit()
            return
        if reply.ok:
            self.exit()
        else:
            self.notify(reply.message, title="The engine did not stop", severity="error", timeout=10)


def run_console(socket: str | Path, owner: bool, *, stays: bool = True) -> int:
    """Show the deployment behind a control socket until the user leaves; return the exit code.

    ``owner`` and ``stays`` as in Console.
    """
    from tui.live import LiveSource

    console = Console(LiveSource(socket), owner=owner, stays=stays, theme=os.environ.get(THEME_VARIABLE, ""))
    console.run()
    return console.return_code or 0
