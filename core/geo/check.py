"""The places of a deployment: where each region stands, and which names of places are unknown."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from core.geo.edge_locations import nearest_edge_location
from core.geo.places import Place, city_names, find_place
from core.geo.regions import known_region, known_regions
from core.model.mistakes import KeyPath, Mistake, nearest

if TYPE_CHECKING:
    from core.model.deployment import Deployment, Region

_PLACES = "a city with an edge location, its three-letter code, or coordinates"


class RegionPlace(NamedTuple):
    """Where a declared region stands, in degrees north and east."""

    id: str
    city: str
    latitude: float
    longitude: float


class UnknownPlace(ValueError):
    """A region stands nowhere that is known; ``problems`` says it in words for the user."""


def places(deployment: "Deployment") -> tuple[RegionPlace, ...]:
    """Return where each declared region stands, in order. Raises UnknownPlace."""
    return tuple(_stands_at(region) for region in deployment.regions)


def problems(deployment: "Deployment") -> Iterator[Mistake]:
    """Yield every region and city of the deployment whose place is not known."""
    for number, region in enumerate(deployment.regions):
        if place_of(region) is None:
            yield _unknown_region(("regions", number), region)
    traffic = deployment.traffic
    if traffic.city and find_place(traffic.city) is None:
        yield _unknown_city(("traffic", "city"), traffic.city)
    for city in traffic.cities:
        if find_place(city) is None:
            yield _unknown_city(("traffic", "cities", city), city)


def _stands_at(region: "Region") -> RegionPlace:
    place = place_of(region)
    if place is None:
        raise UnknownPlace(f'the place of region "{region.id}" is not known')
    return RegionPlace(region.id, place.city, place.latitude, place.longitude)


def place_of(region: "Region") -> Place | None:
    """Return a region's place: its coordinates, else its city, else what its id is known for."""
    if region.latitude is not None and region.longitude is not None:
        near = nearest_edge_location(region.latitude, region.longitude)
        return Place(region.city or near.city, near.country_code, region.latitude, region.longitude)
    if region.city:
        return find_place(region.city)
    known = known_region(region.id)
    if known is not None:
        return Place(known.city, known.country_code, known.latitude, known.longitude)
    return find_place(region.id)


def _unknown_region(path: KeyPath, region: "Region") -> Mistake:
    if region.city:
        return _unknown_city((*path, "city"), region.city)
    return Mistake(
        (*path, "id"),
        f'"{region.id}" is no region whose place is known: add a city, or latitude and longitude',
        nearest(region.id, known_regions()),
    )


def _unknown_city(path: KeyPath, city: str) -> Mistake:
    return Mistake(path, f'"{city}" is no known place: give {_PLACES}', nearest(city, city_names()))
