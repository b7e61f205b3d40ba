"""A deployment of hundreds of instances, as an event stream: for benchmarks and for tests of size."""

import math

from core.events.types import AnyEvent, ContainerInfo, InstanceSample
from tests.stream_builder import StreamBuilder
from tests.stream_places import REGIONS, VISITORS

MANY = 200
SAMPLES_PER_S = 2
"""As often as the engine reads its instances."""
_FULL_HISTORY_S = 62
"""So long until the history of each instance is full."""


def many(instances: int = MANY, until_s: int = _FULL_HISTORY_S + 10, rate: int = 100) -> list[AnyEvent]:
    """Return a run of one class with so many instances, all ready, under ``rate`` requests a second."""
    stream = StreamBuilder(seed=5)
    places = [(f"app-{number + 1}", REGIONS[number % len(REGIONS)].id) for number in range(instances)]
    names = tuple(region.id for region in REGIONS)
    stream.engine((ContainerInfo("app", "APP", "basic", 0.25, 1024, 4000, instances, 600.0, names),))
    for number, (name, region) in enumerate(places):
        stream.cold_start(round(0.1 + number * 0.004, 3), name, region, waited=0)
    for second in range(4, until_s):
        _sample_all(stream, places, second)
        for number in range(rate):
            place = (second * rate + number * 7) % instances
            visitor = VISITORS[number % len(VISITORS)]
            stream.container_request(second + number / rate, visitor, "/", *places[place])
    return stream.events()


def _sample_all(stream: StreamBuilder, places: list[tuple[str, str]], second: int) -> None:
    for half in range(SAMPLES_PER_S):
        at_s = second + half / SAMPLES_PER_S
        for number, (name, region) in enumerate(places):
            memory_mib = 180 + number + 60 * math.sin(at_s / 7 + number)
            stream.add(
                InstanceSample(
                    time_s=round(at_s + number * 1e-5, 6),
                    instance=name,
                    container="app",
                    region=region,
                    kind="measured",
                    memory_mib=round(memory_mib, 3),
                    app_memory_mib=round(memory_mib * 0.8, 3),
                    memory_limit_mib=1024.0,
                    cpu_percent=round(3 + 2 * math.sin(at_s + number), 3),
                    cpu_total_s=round(at_s * 0.04, 3),
                )
            )
