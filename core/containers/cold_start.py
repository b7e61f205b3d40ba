"""The record of one cold start: its phases by the clock, and who waited; published once, at its end."""

from core.containers.drivers.protocol import InstancePlan
from core.events.bus import EventBus
from core.events.types import ColdStart, ColdStartWaiting, DriverName, Kind, Phase, PhaseBegan, PhaseName
from core.model.start_policies import StartPolicyName

_MS_DIGITS = 3


class ColdStartRecord:
    """Time the phases of one start.

    The event ColdStart comes exactly once: with the first response, or when ready where no request
    waits (any more), or when the start failed.
    """

    def __init__(self, plan: InstancePlan, driver: DriverName, kind: Kind, bus: EventBus) -> None:
        self._plan = plan
        self._driver: DriverName = driver
        self._kind: Kind = kind
        self._bus = bus
        self.start_s = bus.now_s()
        self.policy: StartPolicyName = "plain"
        """The way in which the instance was really started."""
        self.waited = 0
        """Requests that joined so far."""
        self.waiting = 0
        """Requests that joined and have neither a response nor given up."""
        self.published = False
        self._phases: list[Phase] = []
        self._phase: PhaseName | None = None
        self._phase_began_s = self.start_s
        self._phase_kind: Kind = kind
        self._total_ms: float | None = None

    @property
    def phase(self) -> PhaseName:
        """Return the phase under way, or the last one."""
        return self._phase or (self._phases[-1].name if self._phases else "queue")

    @property
    def added_s(self) -> float:
        """Return how long the start was made to wait on purpose; that is its last part, once it is ready."""
        return sum(phase.duration_ms for phase in self._phases if phase.name == "delay") / 1000

    def elapsed_s(self) -> float:
        """Return how long the start has taken until now."""
        return self._bus.now_s() - self.start_s

    def begin(self, phase: PhaseName, detail: str = "", kind: Kind | None = None) -> None:
        """End the phase under way, if any, and begin the next; ``kind`` where it is not the driver's."""
        self._end_phase()
        self._phase, self._phase_began_s = phase, self._bus.now_s()
        self._phase_kind = kind or self._kind
        self._bus.publish(
            PhaseBegan(
                time_s=self._phase_began_s,
                instance=self._plan.instance,
                container=self._plan.container.name,
                region=self._plan.region,
                phase=phase,
                detail=detail,
            )
        )

    def join(self) -> None:
        """Count one more request that waits for this start."""
        self.waited += 1
        self.waiting += 1
        self._bus.publish(
            ColdStartWaiting(time_s=self._bus.now_s(), instance=self._plan.instance, waiting=self.waiting)
        )

    def leave(self) -> None:
        """Count a request that joined as done: answered, refused or gone."""
        self.waiting -= 1
        if self._total_ms is not None and self.waiting == 0:
            self._drop_phase()
            self._publish("ready")

    def ready(self) -> None:
        """The port answers: end the boot phase; publish unless a request waits for its response."""
        self._end_phase()
        self._total_ms = self._since_start_ms(self._bus.now_s())
        if self.waiting:
            self.begin("first_response")
        else:
            self._publish("ready")

    def responded(self) -> None:
        """The first response came through the new instance; later ones change nothing."""
        if not self.published and self._total_ms is not None:
            self._end_phase()
            self._publish("ready")

    def failed(self, reason: str) -> None:
        """The start ended without a ready instance."""
        self._end_phase()
        self._publish("failed", reason)

    def close(self) -> None:
        """The instance ended: publish what is known, if that has not happened yet."""
        if not self.published:
            self._drop_phase()
            self._publish("ready")

    def _end_phase(self) -> None:
        if self._phase is None:
            return
        start_ms = self._since_start_ms(self._phase_began_s)
        duration_ms = round((self._bus.now_s() - self._phase_began_s) * 1000, _MS_DIGITS)
        self._phases.append(Phase(self._phase, start_ms, duration_ms, self._phase_kind))
        self._phase = None

    def _drop_phase(self) -> None:
        self._phase = None

    def _since_start_ms(self, time_s: float) -> float:
        return round((time_s - self.start_s) * 1000, _MS_DIGITS)

    def _publish(self, outcome: str, reason: str = "") -> None:
        if self.published:
            return
        self.published = True
        now_s = self._bus.now_s()
        total_ms = self._since_start_ms(now_s) if self._total_ms is None else self._total_ms
        self._bus.publish(
            ColdStart(
                time_s=now_s,
                instance=self._plan.instance,
                container=self._plan.container.name,
                region=self._plan.region,
                driver=self._driver,
                start_s=self.start_s,
                total_ms=total_ms,
                phases=tuple(self._phases),
                waited=self.waited,
                outcome="ready" if outcome == "ready" else "failed",
                reason=reason,
                policy=self.policy,
            )
        )
