"""The help page: every key from the table of actions, and what the glyphs mean."""

from tui.actions import CONTEXTS, Action, actions_in, keys_of
from tui.panes.rows import Row, blank, flowed, left, row
from tui.panes.states import ISOLATE_STATES, PHASE_FILLS, PHASE_WORDS, STATES, phase_stretch
from tui.panes.waterfall import GLYPHS, KIND_WORDS
from tui.screens.sheet import Sheet
from tui.wrap import wrapped

_KEY_WIDTH = 22
_NARROW = 50
"""Under this width an explanation stands below its keys."""
_BAR_NOTE = (
    "A request's bar grows with the square root of its time, so that 2 ms and 2 s both show; "
    "the parts inside it are in proportion. Cold starts share one straight scale; » marks a longer one."
)


def help_page() -> Sheet:
    """Make the help page."""
    return Sheet("Help", draw, widest=100)


def draw(width: int) -> list[Row]:
    """Draw all of the help."""
    rows: list[Row] = []
    for context, words in CONTEXTS.items():
        rows.append(row(width, (words, "title")))
        for action in actions_in(context):
            rows += _action(action, width)
        rows.append(blank(width))
    rows.append(row(width, ("Kinds of time", "title")))
    sign = _KEY_WIDTH if width >= _NARROW else 5
    for kind, words in KIND_WORDS.items():
        rows.append(row(width, (left(f"  {GLYPHS[kind] * min(sign - 3, 4)}", sign), kind), (words, "text")))
    rows += [row(width, (f"  {line}", "muted")) for line in wrapped(_BAR_NOTE, width - 2)]
    rows += [blank(width), row(width, ("Phases of a cold start", "title"))]
    rows += flowed(
        width,
        [
            [
                (
                    phase_stretch(name, len(word) + (5 if name in PHASE_FILLS else 2), word),
                    f"phase-{name}",
                ),
                (" ", "text"),
            ]
            for name, word in PHASE_WORDS.items()
        ],
    )
    rows += [blank(width), row(width, ("States of an instance", "title"))]
    signs = [[(f"{sign.glyph} ", sign.style), (f"{sign.word}  ", "text")] for sign in STATES.values()]
    rows += [*flowed(width, signs), blank(width), row(width, ("States of an isolate", "title"))]
    signs = [[(f"{sign.glyph} ", sign.style), (f"{sign.word}  ", "text")] for sign in ISOLATE_STATES.values()]
    return [*rows, *flowed(width, signs)]


def _action(action: Action, width: int) -> list[Row]:
    keys = f"  {keys_of(action)}"
    if width < _NARROW:
        lines = wrapped(action.help, width - 4)
        return [row(width, (keys, "key")), *(row(width, (f"    {line}", "text")) for line in lines)]
    lines = wrapped(action.help, width - _KEY_WIDTH)
    first = row(width, (left(keys, _KEY_WIDTH), "key"), (lines[0], "text"))
    return [first, *(row(width, (" " * _KEY_WIDTH + line, "text")) for line in lines[1:])]
