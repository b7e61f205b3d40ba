"""Distance between two places on the Earth."""

from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_KM = 6371.0


def great_circle_km(latitude_a: float, longitude_a: float, latitude_b: float, longitude_b: float) -> float:
    """Return the shortest distance over the Earth's surface; places in degrees north and east.

    Haversine formula on a sphere of the Earth's mean radius: within 0.6 % of the true distance.
    """
    phi_a, phi_b = radians(latitude_a), radians(latitude_b)
    half_north = sin((phi_b - phi_a) / 2)
    half_east = sin(radians(longitude_b - longitude_a) / 2)
    chord = half_north * half_north + cos(phi_a) * cos(phi_b) * half_east * half_east
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, chord)))
