"""Durations as people write them: 30s, 10m, 2h, or a number of seconds."""

import re

_SHAPE = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}


def parse_duration_s(text: str | int | float) -> float:
    """Return the seconds that ``text`` says; raises ValueError that names what is allowed."""
    if isinstance(text, int | float) and not isinstance(text, bool) and text >= 0:
        return float(text)
    match = _SHAPE.fullmatch(str(text).strip())
    if match is None:
        raise ValueError(f"{text!r} is not a duration; write a number with ms, s, m or h, such as 30s or 10m")
    return float(match[1]) * _SECONDS[match[2]]
