"""Every event of a run, as frozen records that encode to one JSON line each.

Times: ``time_s`` is seconds since the run started, when the event was complete. ``kind`` says where
a duration comes from: ``measured`` on this machine, ``emulated`` (added on purpose, such as distance),
or ``estimated`` (computed from a model and not waited for).
"""

from typing import Literal

import msgspec

from core.model.start_policies import StartPolicyName

Kind = Literal["measured", "emulated", "estimated"]
DriverName = Literal["docker", "process", "simulated"]
InstanceState = Literal[
    "placed", "pulling", "creating", "starting", "running", "ready", "stopping", "stopped", "failed"
]
PhaseName = Literal["queue", "image", "create", "start", "boot", "delay", "first_response"]
PHASE_NAMES: tuple[PhaseName, ...] = ("queue", "image", "create", "start", "boot", "delay", "first_response")
"""The phases of a cold start in order: waiting for the engine, image pull or build, create call, start
call, from started to the port answering, waiting added on purpose to be as slow as production, and the
first response through the new instance."""
IsolateState = Literal["starting", "ready", "stalled", "draining", "failed", "stopped"]
HopName = Literal[
    "visitor_to_edge", "edge", "worker", "edge_to_region", "cold_start_wait", "container", "outbound"
]
"""``outbound`` is a fetch of the Worker to the outside; ``detail`` names the host."""
Outcome = Literal["edge", "container", "error", "canceled"]


class Phase(msgspec.Struct, frozen=True, gc=False):
    """One phase of a cold start. ``start_ms`` counts from the request for the instance."""

    name: PhaseName
    start_ms: float
    duration_ms: float
    kind: Kind


class Hop(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One hop of a request. ``start_ms`` counts from the request's arrival at the edge.

    Hops nest by time: the ``worker`` hop holds the hops of its sub-requests; ``sub_request`` numbers
    them from 1 and is 0 for the request itself. ``detail`` names who did it (location, instance, region).
    ``visitor_to_edge`` alone lies before the arrival: it starts at minus its whole round trip.
    """

    name: HopName
    start_ms: float
    duration_ms: float
    kind: Kind
    detail: str = ""
    sub_request: int = 0


class Event(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag_field="type", tag=True):
    """The part that every event has."""

    time_s: float


class RegionInfo(msgspec.Struct, frozen=True, gc=False):
    """A region as deployed. ``driver`` is what runs its containers."""

    id: str
    city: str
    latitude: float
    longitude: float
    driver: DriverName


class ContainerInfo(msgspec.Struct, frozen=True, gc=False):
    """A container class as deployed, with the limits that its instance type gives."""

    name: str
    binding: str
    instance_type: str
    vcpu: float
    memory_mib: int
    disk_mb: int
    max_instances: int
    sleep_after_s: float
    regions: tuple[str, ...]
    start_policy: StartPolicyName = "plain"
    """How its instances are started, as far as a region's driver knows that way."""


class EngineStarted(Event, frozen=True, gc=False, kw_only=True, tag="engine_started"):
    """The engine is up: what it runs, and how to reach it. ``url`` is empty when nothing listens."""

    deployment: str
    profile: str
    version: str
    seed: int
    wall_time: str
    url: str
    regions: tuple[RegionInfo, ...]
    containers: tuple[ContainerInfo, ...]
    latency_scale: float
    container_hour_usd: str = ""
    """What the user assumes for an hour of a container, where the profile has no published price."""


class EngineStopped(Event, frozen=True, gc=False, kw_only=True, tag="engine_stopped"):
    """The engine is going down, and why."""

    reason: str


class RegionChanged(Event, frozen=True, gc=False, kw_only=True, tag="region"):
    """A region's driver can be used, or cannot. ``message`` says what is wrong, ``advice`` how to mend it."""

    region: str
    driver: DriverName
    state: Literal["ready", "unavailable"]
    message: str = ""
    advice: str = ""


class WorkerChanged(Event, frozen=True, gc=False, kw_only=True, tag="worker"):
    """An isolate of the Worker changed state, and why. ``start_ms`` is set when it becomes ready.

    Isolates are numbered from 1 over the whole run; ``version`` counts how often the code was loaded anew.
    ``stalled``: its loop has stopped turning; ``draining``: it ends what it has begun and gets nothing new.
    """

    worker: str
    runtime: str
    isolate: int = 0
    version: int = 1
    state: IsolateState
    message: str = ""
    start_ms: float = 0.0


class IsolateSample(Event, frozen=True, gc=False, kw_only=True, tag="isolate_sample"):
    """Memory and CPU of one isolate.

    ``memory_mib`` is resident memory of its process beyond what it took when it became ready, which is
    what the limit is held against; ``resident_mib`` all of it; ``heap_mib`` what the language's own heap
    and buffers hold (0 when unknown). ``cpu_percent``: 100 is one core.
    """

    worker: str
    isolate: int
    memory_mib: float
    resident_mib: float
    heap_mib: float
    memory_limit_mib: float
    cpu_percent: float
    in_flight: int


class WorkerLogged(Event, frozen=True, gc=False, kw_only=True, tag="worker_log"):
    """The Worker printed a line or raised. An exception's stack is in ``message``, never in a response."""

    worker: str
    trace_id: str
    level: Literal["log", "warning", "error", "exception"]
    message: str


class InstanceChanged(Event, frozen=True, gc=False, kw_only=True, tag="instance"):
    """An instance of a container class moved to another state, and why.

    ``object_name`` is the name by which a Worker addresses it (``getContainer(env.X, name)``), empty for
    one of the class's pool; ``instance`` is made from it, short and unique.
    """

    instance: str
    container: str
    region: str
    driver: DriverName
    state: InstanceState
    reason: str = ""
    exit_code: int | None = None
    out_of_memory: bool = False
    lost_disk_bytes: int | None = None
    """On stopped and failed: what the program had written to its own disk, which is lost; None if unknown."""
    object_name: str = ""


class ColdStartWaiting(Event, frozen=True, gc=False, kw_only=True, tag="cold_start_waiting"):
    """One more request waits for an instance that is starting."""

    instance: str
    waiting: int


class PullLayer(msgspec.Struct, frozen=True, gc=False):
    """A layer of an image on its way: bytes of ``total`` done in this state; 0 where it is not known."""

    id: str
    state: Literal["waiting", "downloading", "extracting", "done", "exists"]
    current_bytes: int
    total_bytes: int


class PullProgressed(Event, frozen=True, gc=False, kw_only=True, tag="pull"):
    """How far the pull of an instance's image is; at most four times a second, and once at its end."""

    instance: str
    container: str
    region: str
    image: str
    layers: tuple[PullLayer, ...]


class ScalingDecided(Event, frozen=True, gc=False, kw_only=True, tag="scaling"):
    """A scaling policy, or a person, changed how many instances a class shall have in a region, and why.

    ``instances`` counts those wanted from now on, ``before`` those wanted until now; ``policy`` is
    "manual" for a person. ``reason`` is a sentence.
    """

    container: str
    region: str
    policy: str
    before: int
    instances: int
    reason: str


class LatencyChanged(Event, frozen=True, gc=False, kw_only=True, tag="latency"):
    """The factor on emulated round trips changed: 0 none is added, 1 as estimated."""

    latency_scale: float


class StartPolicyChanged(Event, frozen=True, gc=False, kw_only=True, tag="start_policy"):
    """A person chose how the instances of a class are started from now on."""

    container: str
    policy: StartPolicyName


class StandbyChanged(Event, frozen=True, gc=False, kw_only=True, tag="standby"):
    """How many instances of a class stand prepared in a region, by the start policy in force there.

    ``wanted`` is how many are kept so; what is prepared is no instance yet.
    """

    container: str
    region: str
    policy: StartPolicyName
    prepared: int
    wanted: int


class PhaseBegan(Event, frozen=True, gc=False, kw_only=True, tag="phase"):
    """A phase of a cold start began; the console draws it growing until the next one."""

    instance: str
    container: str
    region: str
    phase: PhaseName
    detail: str = ""


class ColdStart(Event, frozen=True, gc=False, kw_only=True, tag="cold_start"):
    """A cold start ended, well or badly, with all its phases. ``waited`` counts the requests it held up.

    ``total_ms`` runs from the request for the instance to the port answering; the phase
    ``first_response`` comes after it and is there when a request caused the start.
    """

    instance: str
    container: str
    region: str
    driver: DriverName
    start_s: float
    total_ms: float
    phases: tuple[Phase, ...]
    waited: int
    outcome: Literal["ready", "failed"]
    reason: str = ""
    policy: StartPolicyName = "plain"


class InstanceSample(Event, frozen=True, gc=False, kw_only=True, tag="sample"):
    """Memory and CPU of one instance.

    ``memory_mib`` is what ``docker stats`` shows (usage without inactive file cache; resident memory
    for the process driver), ``app_memory_mib`` anonymous or resident memory alone. ``cpu_percent``:
    100 is one core. ``cpu_total_s`` is CPU time used since the instance started.
    """

    instance: str
    container: str
    region: str
    kind: Kind
    memory_mib: float
    app_memory_mib: float
    memory_limit_mib: float
    cpu_percent: float
    cpu_total_s: float


class RequestFinished(Event, frozen=True, gc=False, kw_only=True, tag="request"):
    """One visitor's request, finished, with every hop.

    ``duration_ms`` runs from arrival at the edge to the last byte and so holds the emulated round trip
    from edge to region where it was waited for; ``visitor_rtt_ms`` is the emulated round trip from the
    visitor to the edge, ``region_rtt_ms`` from the edge to the region. ``worker_cpu_ms`` is CPU time of
    the Worker (``worker_cpu_kind``: measured, or estimated where it was shared out among several requests),
    ``isolate`` the number of the isolate that answered. ``error_code`` is the platform's, where the Worker
    failed: 1101 uncaught exception, 1102 over a limit, 0 neither. ``region`` and ``instance`` are of the last
    container reached, empty when the edge answered alone.
    """

    trace_id: str
    method: str
    path: str
    status: int
    outcome: Outcome
    city: str
    edge_location: str
    region: str = ""
    instance: str = ""
    start_s: float
    duration_ms: float
    visitor_rtt_ms: float
    region_rtt_ms: float = 0.0
    cold_wait_ms: float = 0.0
    worker_cpu_ms: float = 0.0
    worker_cpu_kind: Kind = "measured"
    isolate: int = 0
    request_bytes: int = 0
    response_bytes: int = 0
    sub_requests: int = 0
    error: str = ""
    error_code: int = 0
    trace: tuple[Hop, ...] = ()


class Notice(Event, frozen=True, gc=False, kw_only=True, tag="notice"):
    """Something a person should read: what happened, to what, and what to do next."""

    level: Literal["info", "warning", "error"]
    subject: str
    message: str
    advice: str = ""


AnyEvent = (
    EngineStarted
    | EngineStopped
    | RegionChanged
    | WorkerChanged
    | IsolateSample
    | WorkerLogged
    | InstanceChanged
    | PullProgressed
    | ScalingDecided
    | LatencyChanged
    | StartPolicyChanged
    | StandbyChanged
    | ColdStartWaiting
    | PhaseBegan
    | ColdStart
    | InstanceSample
    | RequestFinished
    | Notice
)
EVENT_TYPES: tuple[type[Event], ...] = (
    EngineStarted,
    EngineStopped,
    RegionChanged,
    WorkerChanged,
    IsolateSample,
    WorkerLogged,
    InstanceChanged,
    PullProgressed,
    ScalingDecided,
    LatencyChanged,
    StartPolicyChanged,
    StandbyChanged,
    ColdStartWaiting,
    PhaseBegan,
    ColdStart,
    InstanceSample,
    RequestFinished,
    Notice,
)
