"""Figures as a person reads them: the shortest text that is still true, always with its unit."""

from decimal import Decimal

MIB_IN_GIB = 1024


def milliseconds(value_ms: float) -> str:
    """Return a duration without its unit: one decimal under ten, thousands with a comma."""
    if 0 < value_ms < 9.95:
        return f"{value_ms:.1f}"
    return f"{value_ms:,.0f}"


def duration_ms(value_ms: float) -> str:
    """Return a duration with its unit: ``2.3 ms``, ``842 ms``, ``1.6 s``, ``2 min``."""
    return f"{milliseconds(value_ms)} ms" if value_ms < 999.5 else duration_s(value_ms / 1000)


def duration_s(value_s: float) -> str:
    """Return a time span in the unit that fits: ``1.6 s``, ``42 s``, ``4 min``, ``3 h``, ``2 d``."""
    if value_s < 9.95:
        return f"{max(value_s, 0.0):.1f} s"
    for limit_s, divisor_s, unit in ((99.5, 1, "s"), (5970, 60, "min"), (172_800, 3600, "h")):
        if value_s < limit_s:
            return f"{value_s / divisor_s:.0f} {unit}"
    return f"{value_s / 86_400:.0f} d"


def per_second(value: float) -> str:
    """Return a rate: ``212/s``, ``3.4/s``, ``0/s``."""
    if 0 < value < 9.95:
        return f"{value:.1f}/s"
    return f"{value:,.0f}/s"


def mebibytes(value_mib: float) -> str:
    """Return an amount of memory: ``96 MiB``, ``1.5 GiB``."""
    if value_mib >= 10 * MIB_IN_GIB:
        return f"{value_mib / MIB_IN_GIB:.0f} GiB"
    if value_mib >= MIB_IN_GIB:
        return f"{value_mib / MIB_IN_GIB:.1f} GiB"
    return f"{value_mib:.0f} MiB"


def disk_size(value_bytes: float) -> str:
    """Return an amount of disk in decimal units, as the platform counts it: ``812 kB``, ``2.1 GB``."""
    for limit, divisor, unit in ((1000, 1, "B"), (999_500, 1000, "kB"), (999_500_000, 1_000_000, "MB")):
        if value_bytes < limit:
            figure = value_bytes / divisor
            return f"{figure:.1f} {unit}" if divisor > 1 and figure < 9.95 else f"{figure:,.0f} {unit}"
    return f"{value_bytes / 1_000_000_000:.1f} GB"


def percent(share: float) -> str:
    """Return a share from 0 to 1 as a percentage; a decimal under ten percent."""
    value = share * 100
    if 0 < value < 9.95:
        return f"{value:.1f} %"
    return f"{value:.0f} %"


def usd(amount: str) -> str:
    """Return an amount of US dollars from its exact decimal text, at two to six decimals.

    Small amounts keep three significant digits down to a millionth of a dollar.
    """
    value = Decimal(amount or "0")
    digits = 2 if value == 0 or abs(value) >= 1 else min(max(2 - value.adjusted(), 2), 6)
    return f"${value:,.{digits}f}"
