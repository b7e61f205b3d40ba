"""Region ids that bring their own place, such as us-east, eu-west-1 or weur."""

from functools import cache
from typing import NamedTuple

from core.geo.tables import read_table


class KnownRegion(NamedTuple):
    """A region id and the city it stands for."""

    id: str
    city: str
    country_code: str
    latitude: float
    longitude: float


@cache
def known_regions() -> dict[str, KnownRegion]:
    """Return the known regions by id, in the order of the table."""
    return {
        row["id"]: KnownRegion(
            row["id"], row["city"], row["country_code"], float(row["latitude"]), float(row["longitude"])
        )
        for row in read_table("regions.csv")
    }


def known_region(region_id: str) -> KnownRegion | None:
    """Return the known region of an id, in upper or lower case."""
    return known_regions().get(region_id.strip().lower())
