"""Arbitrary events and streams of them, for properties that must hold whatever happens."""

from typing import Any, get_args

from hypothesis import strategies as st

from core.events.types import (
    EVENT_TYPES,
    AnyEvent,
    ColdStart,
    ColdStartWaiting,
    ContainerInfo,
    EngineStarted,
    EngineStopped,
    Hop,
    HopName,
    InstanceChanged,
    InstanceSample,
    IsolateSample,
    IsolateState,
    LatencyChanged,
    Notice,
    Phase,
    PhaseBegan,
    PullLayer,
    PullProgressed,
    RegionChanged,
    RegionInfo,
    RequestFinished,
    ScalingDecided,
    StandbyChanged,
    StartPolicyChanged,
    WorkerChanged,
    WorkerLogged,
)
from core.model.start_policies import START_POLICIES

REGIONS = (
    RegionInfo("us-east", "Ashburn", 39.04, -77.49, "docker"),
    RegionInfo("ap-northeast", "Tokyo", 35.68, 139.69, "process"),
)
CONTAINERS = (
    ContainerInfo("app", "APP", "basic", 0.25, 1024, 4000, 20, 600.0, ("us-east", "ap-northeast")),
    ContainerInfo("render", "RENDER", "lite", 1 / 16, 256, 2000, 8, 300.0, ("us-east",)),
)
INSTANCES = ("app-1", "app-2", "app-10", "render-1")

instances = st.sampled_from(INSTANCES)
containers = st.sampled_from(("app", "render"))
regions = st.sampled_from(("us-east", "ap-northeast", "elsewhere"))
drivers = st.sampled_from(("docker", "process", "simulated"))
kinds = st.sampled_from(("measured", "emulated", "estimated"))
phase_names = st.sampled_from(("queue", "image", "create", "start", "boot", "delay", "first_response"))
texts = st.text(max_size=12)
workers = st.sampled_from(("shop", "other"))
isolates = st.integers(0, 12)
milliseconds = st.floats(0, 60_000).map(lambda value: round(value, 3))
times_s = st.floats(0, 400).map(lambda value: round(value, 6))

hops = st.builds(
    Hop,
    st.sampled_from(get_args(HopName)),
    milliseconds,
    milliseconds,
    kinds,
    instances | st.just(""),
    st.integers(0, 3),
)
policies = st.sampled_from(START_POLICIES)
bytes_counts = st.integers(0, 10**12)
layers = st.builds(
    PullLayer,
    texts,
    st.sampled_from(("waiting", "downloading", "extracting", "done", "exists")),
    bytes_counts,
    bytes_counts,
)
phases = st.builds(Phase, phase_names, milliseconds, milliseconds, kinds)

_FIELDS: dict[type, dict[str, st.SearchStrategy[Any]]] = {
    EngineStarted: {
        "deployment": texts,
        "profile": st.just("ga"),
        "version": texts,
        "seed": st.integers(0, 2**32),
        "wall_time": texts,
        "url": texts,
        "regions": st.just(REGIONS),
        "containers": st.just(CONTAINERS),
        "latency_scale": st.floats(0, 100),
        "container_hour_usd": st.sampled_from(("", "0.05")),
    },
    EngineStopped: {"reason": texts},
    RegionChanged: {
        "region": regions,
        "driver": drivers,
        "state": st.sampled_from(("ready", "unavailable")),
        "message": texts,
    },
    WorkerChanged: {
        "worker": workers,
        "runtime": st.sampled_from(("python", "deno", "workerd")),
        "isolate": isolates,
        "version": st.integers(1, 4),
        "state": st.sampled_from(get_args(IsolateState)),
        "message": texts,
        "start_ms": st.just(0.0) | milliseconds,
    },
    IsolateSample: {
        "worker": workers,
        "isolate": isolates,
        "memory_mib": st.floats(0, 256),
        "resident_mib": st.floats(0, 512),
        "heap_mib": st.floats(0, 256),
        "memory_limit_mib": st.just(128.0),
        "cpu_percent": st.floats(0, 400),
        "in_flight": st.integers(0, 99),
    },
    WorkerLogged: {
        "worker": texts,
        "trace_id": texts,
        "level": st.sampled_from(("log", "warning", "error", "exception")),
        "message": texts,
    },
    InstanceChanged: {
        "instance": instances,
        "container": containers,
        "region": regions,
        "driver": drivers,
        "state": st.sampled_from(
            (
                "placed",
                "pulling",
                "creating",
                "starting",
                "running",
                "ready",
                "stopping",
                "stopped",
                "failed",
            )
        ),
        "reason": texts,
        "exit_code": st.none() | st.integers(0, 255),
        "out_of_memory": st.booleans(),
        "lost_disk_bytes": st.none() | bytes_counts,
    },
    PullProgressed: {
        "instance": instances,
        "container": containers,
        "region": regions,
        "image": texts,
        "layers": st.lists(layers, max_size=3).map(tuple),
    },
    ScalingDecided: {
        "container": containers,
        "region": regions,
        "policy": st.sampled_from(("fixed", "concurrency", "manual")),
        "before": st.integers(0, 20),
        "instances": st.integers(0, 20),
        "reason": texts,
    },
    StartPolicyChanged: {"container": containers, "policy": policies},
    StandbyChanged: {
        "container": containers,
        "region": regions,
        "policy": policies,
        "prepared": st.integers(0, 20),
        "wanted": st.integers(0, 20),
    },
    LatencyChanged: {"latency_scale": st.floats(0, 100)},
    ColdStartWaiting: {"instance": instances, "waiting": st.integers(0, 99)},
    PhaseBegan: {
        "instance": instances,
        "container": containers,
        "region": regions,
        "phase": phase_names,
        "detail": texts,
    },
    ColdStart: {
        "instance": instances,
        "container": containers,
        "region": regions,
        "driver": drivers,
        "start_s": times_s,
        "total_ms": milliseconds,
        "phases": st.lists(phases, max_size=3).map(tuple),
        "waited": st.integers(0, 99),
        "outcome": st.sampled_from(("ready", "failed")),
        "policy": policies,
    },
    InstanceSample: {
        "instance": instances,
        "container": containers,
        "region": regions,
        "kind": kinds,
        "memory_mib": st.floats(0, 1024),
        "app_memory_mib": st.floats(0, 1024),
        "memory_limit_mib": st.just(1024.0),
        "cpu_percent": st.floats(0, 400),
        "cpu_total_s": st.floats(0, 1000),
    },
    RequestFinished: {
        "trace_id": texts,
        "method": st.sampled_from(("GET", "POST")),
        "path": texts,
        "status": st.sampled_from((101, 200, 404, 500, 503)),
        "outcome": st.sampled_from(("edge", "container", "error", "canceled")),
        "city": texts,
        "edge_location": st.sampled_from(("NRT", "FRA", "???")),
        "region": regions | st.just(""),
        "instance": instances | st.just(""),
        "start_s": times_s,
        "duration_ms": milliseconds,
        "visitor_rtt_ms": milliseconds,
        "region_rtt_ms": milliseconds,
        "cold_wait_ms": st.just(0.0) | milliseconds,
        "worker_cpu_ms": milliseconds,
        "worker_cpu_kind": kinds,
        "request_bytes": st.integers(0, 10**12),
        "response_bytes": st.integers(0, 10**12),
        "sub_requests": st.integers(0, 50),
        "isolate": isolates,
        "error": texts,
        "error_code": st.sampled_from((0, 1101, 1102)),
        "trace": st.lists(hops, max_size=4).map(tuple),
    },
    Notice: {
        "level": st.sampled_from(("info", "warning", "error")),
        "subject": texts,
        "message": texts,
        "advice": texts,
    },
}
_OF_TYPE: dict[type, st.SearchStrategy[Any]] = {
    kind: st.builds(kind, time_s=times_s, **_FIELDS[kind]) for kind in EVENT_TYPES
}

events: st.SearchStrategy[AnyEvent] = st.one_of(*(_OF_TYPE[kind] for kind in EVENT_TYPES))
"""Any event at any time of the first minutes of a run."""
streams: st.SearchStrategy[list[AnyEvent]] = st.lists(events, max_size=40).map(
    lambda found: sorted(found, key=lambda event: event.time_s)
)
"""Any events, in order of time."""
STARTED = EngineStarted(
    time_s=0.0,
    deployment="shop",
    profile="ga",
    version="0.1.0",
    seed=7,
    wall_time="2026-01-01T00:00:00.000+00:00",
    url="http://127.0.0.1:8787",
    regions=REGIONS,
    containers=CONTAINERS,
    latency_scale=1.0,
)
runs: st.SearchStrategy[list[AnyEvent]] = streams.map(lambda stream: [STARTED, *stream])
"""A run: the engine's start, then anything."""
