"""The frame: everything on the screen at one moment, folded from events, bounded in size."""

import msgspec

from core.events.types import (
    ContainerInfo,
    DriverName,
    Hop,
    InstanceState,
    IsolateState,
    Kind,
    Outcome,
    Phase,
    PhaseName,
    PullLayer,
    RegionInfo,
)
from core.model.start_policies import StartPolicyName

RECENT_REQUESTS = 200
RECENT_COLD_STARTS = 50
RECENT_NOTICES = 50
RECENT_SCALING = 50
HISTORY_SAMPLES = 120
"""Ring sizes; what falls out is counted in ``Dropped``."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """The base of all parts of a frame."""


class PullRow(Record, frozen=True, gc=False):
    """An image on its way for a starting instance, with the layers of its last report."""

    image: str
    layers: tuple[PullLayer, ...]


class InstanceRow(Record, frozen=True, gc=False, omit_defaults=True):
    """One instance now. ``memory_history_mib`` holds its last samples, oldest first."""

    instance: str
    container: str
    region: str
    driver: DriverName
    state: InstanceState
    since_s: float
    reason: str
    exit_code: int | None
    out_of_memory: bool
    memory_mib: float
    app_memory_mib: float
    memory_limit_mib: float
    memory_kind: Kind
    cpu_percent: float
    requests_per_second: float
    memory_history_mib: tuple[float, ...] = ()
    starting_phase: PhaseName | None = None
    starting_phase_since_s: float = 0.0
    waiting: int = 0
    pull: PullRow | None = None
    """While its image is pulled."""
    lost_disk_bytes: int | None = None
    """What the program had written at its last end, which was lost; None if unknown or it never ended."""
    lost_disk_total_bytes: int = 0
    """Over all its ends."""
    ends: int = 0
    """How often it stopped or failed."""


class RegionRow(Record, frozen=True, gc=False):
    """One region now: its state and its traffic."""

    info: RegionInfo
    state: str
    message: str
    advice: str
    instances: tuple[InstanceRow, ...]
    requests_per_second: float
    p50_ms: float
    mean_rtt_ms: float
    errors_per_second: float


class RequestRow(Record, frozen=True, gc=False):
    """One finished request with its trace (the event's own fields; see RequestFinished)."""

    trace_id: str
    time_s: float
    method: str
    path: str
    status: int
    outcome: Outcome
    city: str
    edge_location: str
    region: str
    instance: str
    duration_ms: float
    visitor_rtt_ms: float
    region_rtt_ms: float
    cold_wait_ms: float
    worker_cpu_ms: float
    worker_cpu_kind: Kind
    isolate: int
    error: str
    error_code: int
    trace: tuple[Hop, ...]


class EdgeLocationRow(Record, frozen=True, gc=False):
    """One edge location with traffic in the last seconds."""

    code: str
    city: str
    requests_per_second: float


class FlowTotals(Record, frozen=True, gc=False):
    """The flow over the last ten seconds; percentiles of ``duration_ms`` over the same time."""

    requests_per_second: float
    errors_per_second: float
    p50_ms: float
    p95_ms: float
    worker_p50_ms: float
    worker_cpu_mean_ms: float
    edge_answers_per_second: float
    container_answers_per_second: float
    cold_waits_per_second: float
    requests_total: int
    errors_total: int
    rate_history: tuple[float, ...]
    """Requests a second, one figure a second, oldest first."""
    edge_locations: tuple[EdgeLocationRow, ...]
    worker_cpu_kind: Kind = "measured"
    """Estimated where the CPU time of any of these requests was shared out among several."""


class PhaseProgress(Record, frozen=True, gc=False):
    """A phase of a start that is under way."""

    name: PhaseName
    start_s: float


class ColdStartRow(Record, frozen=True, gc=False, omit_defaults=True):
    """One cold start, under way or ended. ``phases`` are the finished ones."""

    instance: str
    container: str
    region: str
    driver: DriverName
    start_s: float
    total_ms: float
    phases: tuple[Phase, ...]
    waited: int
    outcome: str
    """``starting``, ``ready`` or ``failed``."""
    reason: str
    current: PhaseProgress | None = None
    detail: str = ""
    policy: StartPolicyName = "plain"


class ColdStartGroup(Record, frozen=True, gc=False):
    """The starts of one class in one region under one policy; times of those that succeeded.

    ``p50_ms``, ``p95_ms`` and ``worst_ms`` are of the start itself, from when it left the engine's queue
    to the port answering; ``queue_p50_ms`` and ``queue_worst_ms`` of the waiting behind other starts
    before it, which they leave out.
    """

    container: str
    region: str
    policy: StartPolicyName
    count: int
    failed: int
    p50_ms: float
    p95_ms: float
    worst_ms: float
    queue_p50_ms: float
    queue_worst_ms: float
    waited: int
    """Requests that these starts held up."""
    kind: Kind = "measured"
    """Emulated where any of them was, wholly (simulated driver) or in part (waiting added on purpose)."""


class ColdStartTotals(Record, frozen=True, gc=False):
    """All cold starts that succeeded, by total time in milliseconds."""

    count: int
    failed: int
    p50_ms: float
    p95_ms: float
    worst_ms: float
    waited_total: int


class CostLine(Record, frozen=True, gc=False):
    """One line of the bill so far. Amounts are exact decimals as text, in US dollars."""

    item: str
    quantity: str
    unit: str
    unit_price_usd: str
    amount_usd: str
    assumed: bool = False
    """Whether the price was never published, and is an assumption of the user."""


class CostFrame(Record, frozen=True, gc=False):
    """The meter. Amounts before included amounts; ``book`` names the price book and its date."""

    book: str
    so_far_usd: str
    rate_usd_per_hour: str
    month_usd: str
    idle_share: float
    """The part of container memory time in which the instance served nothing, from 0 to 1."""
    lines: tuple[CostLine, ...]
    rate_history_usd_per_hour: tuple[float, ...]


class IsolateRow(Record, frozen=True, gc=False):
    """One isolate now (see IsolateSample for its memory). ``since_s``: when it came to this state.

    ``requests`` counts those that it answered. ``memory_history_mib`` holds its last samples, oldest first.
    """

    isolate: int
    version: int
    state: IsolateState
    message: str
    since_s: float
    start_ms: float
    requests: int
    memory_mib: float
    resident_mib: float
    heap_mib: float
    memory_limit_mib: float
    """0 until it was sampled."""
    cpu_percent: float
    in_flight: int
    memory_history_mib: tuple[float, ...] = ()


class WorkerFailureRow(Record, frozen=True, gc=False):
    """The last request that got one of the platform's errors, 1101 or 1102; ``count`` of the whole run."""

    code: int
    count: int
    time_s: float
    method: str
    path: str
    isolate: int
    message: str
    trace_id: str


class WorkerRow(Record, frozen=True, gc=False):
    """The Worker now: its state is the best of any of its isolates, newest first in ``isolates``."""

    worker: str
    runtime: str
    state: IsolateState
    message: str
    start_ms: float
    """What the last isolate that became ready took for it."""
    version: int = 0
    """How often its code was loaded; 0 before it was."""
    isolates: tuple[IsolateRow, ...] = ()
    restarts: int = 0
    """Isolates that ended unasked while they took requests."""
    reloads: int = 0
    reloaded_s: float = 0.0
    loaded_s: float = 0.0
    """When the code that serves became ready."""
    failures: tuple[WorkerFailureRow, ...] = ()


class ScalingRow(Record, frozen=True, gc=False):
    """One decision of a scaling policy, or of a person (the event's own fields; see ScalingDecided)."""

    time_s: float
    container: str
    region: str
    policy: str
    before: int
    instances: int
    reason: str


class StandbyRow(Record, frozen=True, gc=False, omit_defaults=True):
    """How many instances of a class stand prepared in a region (the event's own fields)."""

    container: str
    region: str
    policy: StartPolicyName
    prepared: int
    wanted: int


class NoticeRow(Record, frozen=True, gc=False):
    """One message for a person."""

    time_s: float
    level: str
    subject: str
    message: str
    advice: str
    times: int = 1
    """How often it was said; ``time_s`` is of the last time."""


class Dropped(Record, frozen=True, gc=False):
    """What fell out of the rings so far."""

    requests: int = 0
    cold_starts: int = 0
    notices: int = 0
    scaling: int = 0


class Frame(Record, frozen=True, gc=False):
    """Everything on the screen at ``time_s``. ``sequence`` is the number of events folded into it."""

    time_s: float
    sequence: int
    deployment: str
    profile: str
    url: str
    version: str
    seed: int
    latency_scale: float
    state: str
    """``starting``, ``up`` or ``stopped``."""
    containers: tuple[ContainerInfo, ...]
    regions: tuple[RegionRow, ...]
    workers: tuple[WorkerRow, ...]
    flow: FlowTotals
    requests: tuple[RequestRow, ...]
    """Newest last."""
    cold_starts: tuple[ColdStartRow, ...]
    """Newest last; those under way at the end."""
    cold_start_totals: ColdStartTotals
    cost: CostFrame
    notices: tuple[NoticeRow, ...]
    dropped: Dropped
    scaling: tuple[ScalingRow, ...] = ()
    """The last decisions, newest last."""
    wanted: tuple[ScalingRow, ...] = ()
    """The decision in force for each class and region that had one."""
    cold_start_groups: tuple[ColdStartGroup, ...] = ()
    """By class, then region, then policy."""
    standbys: tuple[StandbyRow, ...] = ()
    """By class, then region; those whose start policy prepares nothing are left out."""
