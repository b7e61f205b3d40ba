"""The frames that the console's tests show, folded once, and what builds others from them."""

from functools import cache

import msgspec

from core.frames.frame import Frame
from tests import streams
from tui.app import Console
from tui.source import StillSource, empty_frame

NAMES = ("busy", "failing", "starting", "quiet", "empty")
SIZES = ((80, 24), (120, 36), (200, 50))
THEMES = ("hybrid-dark", "hybrid-light")


@cache
def frame(name: str) -> Frame:
    """Return the frame of one of the streams, or the empty one."""
    return empty_frame() if name == "empty" else streams.frame_of(getattr(streams, name)())


def changed(name: str, **changes: object) -> Frame:
    """Return a frame with some fields replaced."""
    return msgspec.structs.replace(frame(name), **changes)


def console(
    name: str = "busy", *, owner: bool = False, stays: bool = True, theme: str = ""
) -> tuple[Console, StillSource]:
    """Return a console over one frame, and its source."""
    source = StillSource([frame(name)])
    return Console(source, owner=owner, stays=stays, theme=theme), source
