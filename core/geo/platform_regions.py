"""The platform's own regions, such as WEUR, and which of them a place lies in."""

import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

_NORTH_AMERICA = "north_america"


class _Borders(NamedTuple):
    region_of_country: dict[str, str]
    north_america_at: float


def platform_region(country_code: str, longitude: float) -> str:
    """Return the platform's region of a place: by its country, and by degrees east in North America.

    The borders are this project's own (see platform_regions.toml). Raises KeyError for a country that has
    none, which no country of an edge location or of a known place is.
    """
    borders = _borders()
    region = borders.region_of_country[country_code]
    if region != _NORTH_AMERICA:
        return region
    return "ENAM" if longitude >= borders.north_america_at else "WNAM"


@cache
def _borders() -> _Borders:
    text = Path(__file__).with_name("platform_regions.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    return _Borders(
        {country: region for region, countries in data["countries"].items() for country in countries},
        data["divided"]["north_america_at_degrees_east"],
    )
