"""Folds regions, their traffic and their instances into the rows of the map."""

from core.events.types import EngineStarted, RegionChanged, RegionInfo, RequestFinished
from core.frames.flow import is_error
from core.frames.frame import InstanceRow, RegionRow
from core.frames.instances import InstancesFold
from core.frames.window import Sampled, SecondRing, percentiles, window_length_s


class _RegionSecond:
    """The traffic of one region within one second."""

    __slots__ = ("durations", "errors", "rtt_ms")

    def __init__(self) -> None:
        self.errors = 0
        self.rtt_ms = 0.0
        self.durations = Sampled()


class _Second:
    """The traffic of all regions and instances within one second."""

    __slots__ = ("instances", "regions")

    def __init__(self) -> None:
        self.regions: dict[str, _RegionSecond] = {}
        self.instances: dict[str, int] = {}


class RegionsFold:
    """The regions in the order of the deployment, each with its state, traffic and instances."""

    def __init__(self) -> None:
        self.instances = InstancesFold()
        self._infos: dict[str, RegionInfo] = {}
        self._changes: dict[str, RegionChanged] = {}
        self._ring = SecondRing(_Second)

    def started(self, event: EngineStarted) -> None:
        """Learn the regions and container classes of the deployment."""
        self._infos = {info.id: info for info in event.regions}
        self.instances.classes(event.containers)

    def changed(self, event: RegionChanged) -> None:
        """Note a region's state."""
        self._changes[event.region] = event

    def request(self, event: RequestFinished) -> None:
        """Count a request for the region and the instance that it reached."""
        second = self._ring.at(event.time_s) if event.region else None
        if second is None:
            return
        region = second.regions.get(event.region)
        if region is None:
            region = second.regions[event.region] = _RegionSecond()
        region.durations.add(event.duration_ms)
        region.rtt_ms += event.region_rtt_ms
        region.errors += is_error(event)
        if event.instance:
            second.instances[event.instance] = second.instances.get(event.instance, 0) + 1

    def rows(self, now_s: float, since_s: float) -> tuple[RegionRow, ...]:
        """Return one row a region at ``now_s`` of a run that began at ``since_s``."""
        seconds = self._ring.window(now_s)
        length_s = window_length_s(now_s, since_s)
        instances = self.instances.rows(now_s, _instance_rates(seconds, length_s))
        infos = dict(self._infos)
        for name in (*self._changes, *instances):
            infos.setdefault(name, self._unknown(name, instances))
        return tuple(
            self._row(
                info, [one.regions[name] for one in seconds if name in one.regions], instances, length_s
            )
            for name, info in infos.items()
        )

    def _row(
        self,
        info: RegionInfo,
        traffic: list[_RegionSecond],
        instances: dict[str, list[InstanceRow]],
        length_s: float,
    ) -> RegionRow:
        change = self._changes.get(info.id)
        count = sum(one.durations.count for one in traffic)
        return RegionRow(
            info=info,
            state=change.state if change else "starting",
            message=change.message if change else "",
            advice=change.advice if change else "",
            instances=tuple(instances.get(info.id, ())),
            requests_per_second=round(count / length_s, 3),
            p50_ms=percentiles((one.durations for one in traffic), (0.5,))[0],
            mean_rtt_ms=round(sum(one.rtt_ms for one in traffic) / max(count, 1), 3),
            errors_per_second=round(sum(one.errors for one in traffic) / length_s, 3),
        )

    def _unknown(self, name: str, instances: dict[str, list[InstanceRow]]) -> RegionInfo:
        """Describe a region that the deployment did not name (the stream's beginning is missing)."""
        change = self._changes.get(name)
        return RegionInfo(name, "", 0.0, 0.0, change.driver if change else instances[name][0].driver)


def _instance_rates(seconds: list[_Second], length_s: float) -> dict[str, float]:
    counts: dict[str, int] = {}
    for second in seconds:
        for instance, count in second.instances.items():
            counts[instance] = counts.get(instance, 0) + count
    return {instance: round(count / length_s, 3) for instance, count in counts.items()}
