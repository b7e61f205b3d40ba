"""Folds the stream of events into frames: the same events give the same frame, live or replayed."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from core.events.types import (
    AnyEvent,
    ColdStart,
    ColdStartWaiting,
    ContainerInfo,
    EngineStarted,
    EngineStopped,
    InstanceChanged,
    InstanceSample,
    IsolateSample,
    LatencyChanged,
    Notice,
    PhaseBegan,
    PullProgressed,
    RegionChanged,
    RequestFinished,
    ScalingDecided,
    StandbyChanged,
    StartPolicyChanged,
    WorkerChanged,
    WorkerLogged,
)
from core.frames.cold_start_groups import ColdStartGroupsFold
from core.frames.cold_starts import ColdStartsFold
from core.frames.cost import CostFold
from core.frames.flow import FlowFold
from core.frames.frame import Dropped, Frame
from core.frames.notices import NoticesFold
from core.frames.regions import RegionsFold
from core.frames.requests import RequestsFold
from core.frames.scaling import ScalingFold
from core.frames.standbys import StandbysFold
from core.frames.workers import WorkersFold
from core.metering.book import PriceBook, book_of, load_book

TIME_DIGITS = 6
Handler = Callable[[Any], None]


class FrameFold:
    """Take in events one by one, cheaply; make a frame when one is asked for.

    ``book`` is the price book of the cost meter; that of the deployment's profile when not given.
    """

    def __init__(self, book: PriceBook | None = None) -> None:
        self.sequence = 0
        """The number of events folded in."""
        self._since_s: float | None = None
        self._latest_s = 0.0
        self._started: EngineStarted | None = None
        self._state = "starting"
        self._latency_scale = 1.0
        self._containers: tuple[ContainerInfo, ...] = ()
        self._workers = WorkersFold()
        self._flow = FlowFold()
        self._regions = RegionsFold()
        self._requests = RequestsFold()
        self._cold_starts = ColdStartsFold()
        self._cold_start_groups = ColdStartGroupsFold()
        self._scaling = ScalingFold()
        self._standbys = StandbysFold()
        self._notices = NoticesFold()
        self._has_book = book is not None
        self._cost = CostFold(book or load_book())
        self._handlers = self._table()

    def apply(self, event: AnyEvent) -> None:
        """Take in one event."""
        self.sequence += 1
        if event.time_s > self._latest_s:
            self._latest_s = event.time_s
        if self._since_s is None:
            self._since_s = event.time_s
        self._cost.apply(event)
        for handler in self._handlers[type(event)]:
            handler(event)

    def frame(self, time_s: float) -> Frame:
        """Return everything on the screen at ``time_s`` (never before the last event); changes nothing."""
        now_s = round(max(time_s, self._latest_s), TIME_DIGITS)
        since_s = now_s if self._since_s is None else self._since_s
        started = self._started
        return Frame(
            time_s=now_s,
            sequence=self.sequence,
            deployment=started.deployment if started else "",
            profile=started.profile if started else "",
            url=started.url if started else "",
            version=started.version if started else "",
            seed=started.seed if started else 0,
            latency_scale=self._latency_scale,
            state=self._state,
            containers=self._containers,
            regions=self._regions.rows(now_s, since_s),
            workers=self._workers.rows(now_s),
            flow=self._flow.totals(now_s, since_s),
            requests=self._requests.rows(),
            cold_starts=self._cold_starts.rows(now_s),
            cold_start_totals=self._cold_starts.totals(),
            cost=self._cost.frame(now_s, since_s),
            notices=self._notices.rows(),
            dropped=self._dropped(),
            scaling=self._scaling.rows(),
            wanted=self._scaling.wanted(),
            cold_start_groups=self._cold_start_groups.rows(),
            standbys=self._standbys.rows(),
        )

    def _dropped(self) -> Dropped:
        return Dropped(
            requests=self._requests.dropped,
            cold_starts=self._cold_starts.dropped,
            notices=self._notices.dropped,
            scaling=self._scaling.dropped,
        )

    def _table(self) -> dict[type, tuple[Handler, ...]]:
        instances = self._regions.instances
        return {
            EngineStarted: (self._engine_started, self._regions.started),
            EngineStopped: (self._engine_stopped,),
            LatencyChanged: (self._latency_changed,),
            StartPolicyChanged: (self._start_policy_changed,),
            RegionChanged: (self._regions.changed,),
            WorkerChanged: (self._workers.changed,),
            IsolateSample: (self._workers.sample,),
            WorkerLogged: (self._notices.logged,),
            InstanceChanged: (instances.changed, self._cold_starts.changed),
            ColdStartWaiting: (instances.waiting, self._cold_starts.waiting),
            PhaseBegan: (instances.phase, self._cold_starts.phase),
            PullProgressed: (instances.pull,),
            ColdStart: (self._cold_starts.ended, self._cold_start_groups.ended),
            InstanceSample: (instances.sample,),
            RequestFinished: (
                self._flow.request,
                self._regions.request,
                self._requests.request,
                self._workers.request,
            ),
            ScalingDecided: (self._scaling.decided,),
            StandbyChanged: (self._standbys.changed,),
            Notice: (self._notices.notice,),
        }

    def _engine_started(self, event: EngineStarted) -> None:
        self._started = event
        if not self._has_book:
            self._cost.use(book_of(event.profile, event.container_hour_usd))
        self._state = "up"
        self._latency_scale = event.latency_scale
        self._containers = event.containers

    def _latency_changed(self, event: LatencyChanged) -> None:
        self._latency_scale = event.latency_scale

    def _start_policy_changed(self, event: StartPolicyChanged) -> None:
        self._containers = tuple(
            replace(one, start_policy=event.policy) if one.name == event.container else one
            for one in self._containers
        )

    def _engine_stopped(self, event: EngineStopped) -> None:
        self._state = "stopped"
