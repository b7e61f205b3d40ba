"""Single events with everything set that a test does not speak of."""

from typing import Any

from core.events.types import (
    ColdStart,
    InstanceChanged,
    InstanceState,
    IsolateSample,
    IsolateState,
    Phase,
    PhaseBegan,
    PhaseName,
    PullLayer,
    PullProgressed,
    RequestFinished,
    ScalingDecided,
    WorkerChanged,
)

PHASES = (Phase("create", 0.0, 60.0, "measured"), Phase("start", 60.0, 180.0, "measured"))


def request(time_s: float, **changes: Any) -> RequestFinished:
    """Make a request that the Worker answered by itself in 5 ms, and whatever else is given."""
    usual: dict[str, Any] = {
        "trace_id": "0000000000000001",
        "method": "GET",
        "path": "/",
        "status": 200,
        "outcome": "edge",
        "city": "Frankfurt",
        "edge_location": "FRA",
        "start_s": time_s - 0.005,
        "duration_ms": 5.0,
        "visitor_rtt_ms": 2.0,
    }
    return RequestFinished(time_s=time_s, **{**usual, **changes})


def to_container(
    time_s: float, region: str = "us-east", instance: str = "app-1", **changes: Any
) -> RequestFinished:
    """Make a request that an instance answered, and whatever else is given."""
    reached = {"outcome": "container", "region": region, "instance": instance, "sub_requests": 1}
    return request(time_s, **{**reached, **changes})


def changed(time_s: float, instance: str, state: InstanceState, **changes: Any) -> InstanceChanged:
    """Move an instance of us-east to a state; its class is its name without the number."""
    usual: dict[str, Any] = {
        "container": instance.rpartition("-")[0],
        "region": "us-east",
        "driver": "docker",
    }
    return InstanceChanged(time_s=time_s, instance=instance, state=state, **{**usual, **changes})


def phase(time_s: float, instance: str, name: PhaseName, detail: str = "") -> PhaseBegan:
    """Begin a phase of a cold start in us-east."""
    container = instance.rpartition("-")[0]
    return PhaseBegan(
        time_s=time_s, instance=instance, container=container, region="us-east", phase=name, detail=detail
    )


def cold_start(time_s: float, instance: str, **changes: Any) -> ColdStart:
    """End a cold start of us-east after 240 ms."""
    usual: dict[str, Any] = {
        "container": instance.rpartition("-")[0],
        "region": "us-east",
        "driver": "docker",
        "start_s": time_s - 0.24,
        "total_ms": 240.0,
        "phases": PHASES,
        "waited": 1,
        "outcome": "ready",
    }
    return ColdStart(time_s=time_s, instance=instance, **{**usual, **changes})


def isolate(time_s: float, number: int, state: IsolateState, **changes: Any) -> WorkerChanged:
    """Move an isolate of the Worker ``shop`` under Deno to a state; ready after 46 ms."""
    usual: dict[str, Any] = {"worker": "shop", "runtime": "deno", "version": 1}
    if state == "ready":
        usual["start_ms"] = 46.0
    return WorkerChanged(time_s=time_s, isolate=number, state=state, **{**usual, **changes})


def isolate_sample(time_s: float, number: int, **changes: Any) -> IsolateSample:
    """Sample an isolate of the Worker ``shop``: 40 of 128 MiB, 2 requests in flight."""
    usual: dict[str, Any] = {
        "worker": "shop",
        "memory_mib": 40.0,
        "resident_mib": 95.0,
        "heap_mib": 12.0,
        "memory_limit_mib": 128.0,
        "cpu_percent": 14.0,
        "in_flight": 2,
    }
    return IsolateSample(time_s=time_s, isolate=number, **{**usual, **changes})


def decided(time_s: float, instances: int, **changes: Any) -> ScalingDecided:
    """Decide how many instances of ``app`` shall run in us-east, one fewer until now."""
    usual: dict[str, Any] = {
        "container": "app",
        "region": "us-east",
        "policy": "concurrency",
        "before": max(instances - 1, 0),
        "reason": "31 requests are in flight at 1 instance, the target is 16",
    }
    return ScalingDecided(time_s=time_s, instances=instances, **{**usual, **changes})


def pulled(time_s: float, instance: str, *done_bytes: int) -> PullProgressed:
    """Report a pull for an instance of us-east: one layer of 100 bytes for each figure."""
    layers = (PullLayer(f"layer{number}", "downloading", done, 100) for number, done in enumerate(done_bytes))
    return PullProgressed(
        time_s=time_s,
        instance=instance,
        container=instance.rpartition("-")[0],
        region="us-east",
        image="shop/app:1",
        layers=tuple(layers),
    )
