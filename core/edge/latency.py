"""The factor on emulated round trips: what it may be, and what a person is told of it."""

import math

LARGEST_SCALE = 100.0
"""The same as for ``latency`` in hybrid.toml."""


class ScaleRefused(Exception):
    """A factor that nothing can be multiplied with here: why, and what to write instead."""


def checked_scale(scale: float) -> float:
    """Return the factor. Raises ScaleRefused unless it is a number from 0 to 100."""
    if math.isfinite(scale) and 0 <= scale <= LARGEST_SCALE:
        return abs(scale)  # no minus before a zero
    raise ScaleRefused(
        f"{scale:g} is no factor on emulated latency: it goes from 0 (off) to {LARGEST_SCALE:g}; "
        "1 is as estimated"
    )


def told_scale(scale: float) -> str:
    """Say in a sentence what a factor does from now on."""
    if scale == 0:
        how = "off: no distance is added"
    elif scale == 1:
        how = "real: the whole estimated round trip is added"
    else:
        how = f"{scale:g} times the estimated round trip"
    return f"Emulated latency is {how}, from the next request on."
