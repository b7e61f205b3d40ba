"""Four deployments at one moment each, as event streams for tests of panes and for screenshots."""

from core.events.types import (
    AnyEvent,
    PullLayer,
    RegionChanged,
    StandbyChanged,
    StartPolicyChanged,
    WorkerLogged,
)
from core.frames.fold import FrameFold
from core.frames.frame import Frame
from core.frames.instances import natural_order
from core.model.start_policies import StartPolicyName
from tests.stream_builder import StreamBuilder
from tests.stream_places import VISITORS, Visitor

PAGES = ("/", "/catalogue", "/catalogue/shoes", "/basket", "/report", "/assets/site.css")
CALLS = ("/api/me", "/api/health", "/api/basket")
BUSY_INSTANCES: tuple[tuple[str, str], ...] = (
    *((f"app-{number}", "us-east") for number in (1, 2, 3, 4, 10, 11, 12)),
    *((f"app-{number}", "eu-west") for number in (5, 6, 7, 13)),
    *((f"app-{number}", "ap-northeast") for number in (8, 9, 14, 15, 16)),
    ("render-1", "us-east"),
    ("render-2", "us-east"),
    ("render-3", "eu-west"),
    ("render-4", "eu-west"),
)


def frame_of(events: list[AnyEvent], time_s: float | None = None) -> Frame:
    """Fold the events and return the frame at ``time_s``, or just after the last event."""
    fold = FrameFold()
    for event in events:
        fold.apply(event)
    return fold.frame(events[-1].time_s if time_s is None else time_s)


def quiet() -> list[AnyEvent]:
    """A minute of a small deployment: two instances, a request or two a second, Tokyo asleep."""
    stream = StreamBuilder(seed=1)
    stream.engine()
    stream.isolate_samples(1, 1.0, 60.0, (3.0, 9.0), 0.4, in_flight=0)
    instances = (("app-1", "us-east"), ("app-2", "eu-west"))
    for number, (name, region) in enumerate(instances):
        stream.cold_start(2.0 + number, name, region)
        stream.samples(name, region, 3.0 + number, 60.0, (74.0, 88.0), 1.5)
    stream.cold_start(4.0, "app-3", "ap-northeast")
    stream.samples("app-3", "ap-northeast", 5.0, 40.0, (70.0, 75.0), 0.8)
    stream.instance(40.0, "app-3", "ap-northeast", "stopping", "idle for 30 s")
    stream.instance(
        40.4, "app-3", "ap-northeast", "stopped", "asleep", exit_code=0, lost_disk_bytes=1_482_752
    )
    stream.decided(44.0, ("app", "eu-west"), "manual", (0, 1), "asked for by a person")
    for number in range(80):
        visitor = VISITORS[number % 3]
        at_s = 6.0 + number * 0.67
        if number % 2:
            stream.edge_request(at_s, visitor, CALLS[number % 3])
        else:
            name, region = instances[1] if visitor.city == "Frankfurt" else instances[0]
            stream.container_request(at_s, visitor, PAGES[number % 6], name, region)
    stream.notice(0.5, "info", "shop", "Listening on http://127.0.0.1:8787")
    return stream.events()


def busy() -> list[AnyEvent]:
    """Twenty instances in three regions under forty requests a second, just before the 61st second."""
    stream = StreamBuilder(seed=2)
    stream.engine(runtime="deno")
    _reload_twice(stream)
    ready_s = _start_busy_instances(stream)
    for name, region in BUSY_INSTANCES:
        growing = (90.0, 620.0 if name in ("app-2", "app-9") else 190.0)
        memory = growing if name.startswith("app") else (60.0, 204.0)
        stream.samples(name, region, ready_s[name], 60.0, memory, 14.0 if name.startswith("app") else 4.5)
    for number in range(1200):
        _visit(stream, 30.0 + number * 0.025 + stream.random.uniform(0, 0.02), ready_s)
    for number, visitor in enumerate(VISITORS):
        stream.container_request(
            48.2 + number, visitor, "/render", "render-4", "eu-west", method="POST", cold_wait_ms=1311.8
        )
    for number in range(12):
        stream.container_request(
            55.4 + number * 0.41, VISITORS[0], "/render", "render-1", "us-east", method="POST"
        )
    stream.container_request(58.1, VISITORS[2], "/report", "app-2", "us-east", status=500)
    _decide_busy(stream)
    stream.begin_start(59.4, "app-17", "eu-west", "boot")
    stream.waiting(59.5, "app-17", 4)
    stream.notice(0.5, "info", "shop", "Listening on http://127.0.0.1:8787")
    stream.add(StartPolicyChanged(time_s=52.5, container="app", policy="paused"))
    for region, prepared in (("us-east", 2), ("eu-west", 1)):
        stream.add(
            StandbyChanged(
                time_s=53.0, container="app", region=region, policy="paused", prepared=prepared, wanted=2
            )
        )
    stream.notice(55.0, "warning", "app-2", "Memory is at 60 % of its limit", "Choose a larger instance type")
    return stream.events()


def failing() -> list[AnyEvent]:
    """A bad minute: a region lost, an instance out of memory, a start that fails, a Worker that raises."""
    stream = StreamBuilder(seed=3)
    stream.engine(runtime="deno")
    _fail_isolates(stream)
    for number, (name, region) in enumerate(
        (("app-1", "us-east"), ("app-2", "us-east"), ("app-3", "eu-west"))
    ):
        stream.cold_start(1.0 + number / 2, name, region, waited=2)
    stream.samples("app-1", "us-east", 2.0, 42.0, (300.0, 1021.0), 21.0)
    stream.samples("app-2", "us-east", 3.0, 60.0, (120.0, 400.0), 12.0)
    stream.samples("app-3", "eu-west", 3.0, 60.0, (90.0, 130.0), 3.0)
    stream.instance(
        42.0,
        "app-1",
        "us-east",
        "failed",
        "killed: out of memory (1,024 MiB)",
        exit_code=137,
        out_of_memory=True,
        lost_disk_bytes=48_234_496,
    )
    stream.cold_start(
        39.2, "render-1", "us-east", waited=3, failed_reason="port 8080 did not answer within 20 s"
    )
    _lose_tokyo(stream)
    for number in range(160):
        _visit_failing(stream, 20.0 + number * 0.25, number)
    stream.notice(
        42.0, "error", "app-1", "Killed: it used more than its 1,024 MiB", "Choose a larger instance type"
    )
    return stream.events()


def starting() -> list[AnyEvent]:
    """Three seconds after the start: every stage of a cold start at once, and requests that wait."""
    stream = StreamBuilder(seed=4)
    stream.engine(runtime="deno")
    stream.isolate_samples(1, 1.0, 3.0, (4.0, 7.0), 3.0)
    stream.cold_start(0.4, "app-1", "us-east", waited=4)
    stream.begin_start(2.1, "app-2", "us-east", "boot")
    stream.waiting(2.2, "app-2", 7)
    stream.begin_start(2.7, "app-3", "eu-west", "image", "python:3.12-slim 24 of 43 MB")
    stream.pull(2.72, "app-3", "eu-west", "python:3.12-slim", *_layers(6_000_000, 0))
    stream.pull(2.97, "app-3", "eu-west", "python:3.12-slim", *_layers(11_200_000, 400_000))
    stream.waiting(2.75, "app-3", 2)
    stream.begin_start(2.8, "app-4", "ap-northeast", "create")
    stream.begin_start(2.99, "render-1", "us-east", "queue")
    stream.samples("app-1", "us-east", 1.5, 3.0, (61.0, 66.0), 3.0)
    for number in range(8):
        stream.edge_request(1.5 + number * 0.19, VISITORS[number % 3], CALLS[number % 3])
    stream.container_request(1.3, VISITORS[0], "/", "app-1", "us-east", cold_wait_ms=655.2)
    stream.notice(0.5, "info", "shop", "Listening on http://127.0.0.1:8787")
    return stream.events()


def _start_busy_instances(stream: StreamBuilder) -> dict[str, float]:
    ready_s: dict[str, float] = {}
    for number, (name, region) in enumerate(BUSY_INSTANCES):
        at_s = 47.0 if name == "render-4" else 1.0 + number * 0.9
        slower = 1.0 + stream.random.random() + (number % 7 == 3)
        ready_s[name] = stream.cold_start(
            round(at_s, 3),
            name,
            region,
            number % 5,
            slower,
            policy=_policy(name, region),
            queued_ms=180.0 if number % 6 == 5 else 0.0,
        )
    return ready_s


def _policy(name: str, region: str) -> StartPolicyName:
    """Return how an instance is started: the late ones of the class app in the policies tried on it."""
    if name.startswith("render"):
        return "boosted"
    if natural_order(name) < natural_order("app-10"):
        return "plain"
    return "paused" if region == "us-east" else "created"


def _decide_busy(stream: StreamBuilder) -> None:
    """Let load call for instances, a person for one more, and an idle hour for fewer."""
    for number, (region, most) in enumerate((("us-east", 6), ("eu-west", 5), ("ap-northeast", 5))):
        for wanted in range(1, most):
            flying = 16 * wanted + 3 + number
            reason = f"{flying} requests are in flight at {wanted} of {wanted}, more than 16 at each"
            at_s = round(2.0 + number / 3 + wanted * 6.1, 3)
            stream.decided(at_s, ("app", region), "concurrency", (wanted, wanted + 1), reason)
    idle = "at most 74 requests were in flight at 6 for 30 s: 5 can take them, 16 at each"
    stream.decided(45.2, ("app", "us-east"), "concurrency", (6, 5), idle)
    stream.decided(52.4, ("app", "us-east"), "manual", (5, 7), "asked for by a person")
    queue = "3 requests wait for an instance in eu-west, more than 1"
    stream.decided(46.9, ("render", "eu-west"), "queue", (1, 2), queue)


def _layers(downloaded_bytes: int, extracted_bytes: int) -> tuple[PullLayer, ...]:
    """Return the layers of an image of 43 MB of which the third is on its way."""
    return (
        PullLayer("2d35ebdb57d9", "exists", 0, 0),
        PullLayer("a1c3f6d0be21", "done", 1_292_000, 1_292_000),
        PullLayer("5f0d3a1b9c44", "extracting", extracted_bytes, 11_640_000),
        PullLayer("9be1c7702f6e", "downloading", downloaded_bytes, 29_780_000),
        PullLayer("e0b8a4d15c03", "waiting", 0, 0),
    )


def _reload_twice(stream: StreamBuilder) -> None:
    """Two saves, and a load that needs two isolates; a stream keeps one of the old version."""
    stream.isolate_samples(1, 1.0, 22.0, (4.0, 31.0), 9.0, in_flight=2)
    stream.start_isolate(22.4, 2, version=2)
    stream.isolate(22.45, 1, "draining", "version 2 took over")
    stream.isolate(23.1, 1, "stopped")
    stream.isolate_samples(2, 23.0, 60.0, (4.0, 62.0), 11.0, in_flight=1)
    stream.start_isolate(52.0, 3, version=3, start_ms=44.9)
    stream.isolate(52.05, 2, "draining", "version 3 took over", version=2)
    stream.isolate_samples(3, 52.2, 60.3, (4.0, 41.0), 21.0, in_flight=3)
    stream.start_isolate(54.6, 4, version=3, start_ms=47.8)
    stream.isolate_samples(4, 55.0, 60.0, (4.0, 18.0), 12.0, in_flight=2)
    stream.answering(22.45, 2)
    stream.answering(52.05, 3)
    stream.answering(54.7, 3, 4)


BASKET_STACK = """TypeError: Cannot read properties of undefined (reading 'items')
    at basketTotal (worker.ts:48:31)
    at handleApi (worker.ts:21:18)
    at Object.fetch (worker.ts:6:14)"""
CPU_MESSAGE = "used more than 30,000 ms of CPU time"
MEMORY_MESSAGE = "used more than 128 MiB of memory (131 MiB)"
STALL_MESSAGE = "request {} holds up its isolate: it computes without a pause"


def _fail_isolates(stream: StreamBuilder) -> None:
    """A memory hog, a loop that is killed, one that still runs, a save that cannot be loaded, exceptions."""
    stream.isolate_samples(1, 1.0, 31.0, (4.0, 131.0), 30.0, in_flight=6)
    stream.isolate(31.4, 1, "failed", f"{MEMORY_MESSAGE} (request 6f1c00e2a94d7b35)")
    stream.failed_request(31.41, VISITORS[1], "/export", 1102, MEMORY_MESSAGE)
    stream.start_isolate(31.4, 2)
    stream.isolate_samples(2, 32.0, 59.0, (5.0, 24.0), 100.0, in_flight=4)
    stream.isolate(40.2, 3, "starting", version=2)
    stream.isolate(
        40.3, 3, "failed", "worker.ts, line 3, column 24: SyntaxError: Expected ';', got 'basket'", version=2
    )
    stream.isolate(44.0, 2, "stalled", STALL_MESSAGE.format("91d3c04b7a26ee58"))
    stream.start_isolate(44.01, 4)
    stream.isolate(58.9, 2, "failed", f"{CPU_MESSAGE} (request 91d3c04b7a26ee58)")
    stream.failed_request(58.91, VISITORS[0], "/report/yearly", 1102, CPU_MESSAGE)
    stream.isolate_samples(4, 45.0, 60.0, (5.0, 116.0), 88.0, in_flight=5)
    stream.isolate(59.2, 4, "stalled", STALL_MESSAGE.format("2ab7405dc1f98e63"))
    stream.start_isolate(59.25, 5, start_ms=51.7)
    stream.isolate_samples(5, 59.1, 60.2, (5.0, 5.0), 4.0, in_flight=1)
    stream.answering(31.4, 2)
    stream.answering(44.05, 4)
    stream.answering(59.3, 5)
    for time_s in (49.3, 51.2):
        stream.failed_request(time_s, VISITORS[2], "/basket", 1101, BASKET_STACK)
        stream.add(
            WorkerLogged(
                time_s=time_s,
                worker="shop",
                trace_id="000000000000004d",
                level="exception",
                message=BASKET_STACK,
            )
        )


def _visit(stream: StreamBuilder, time_s: float, ready_s: dict[str, float]) -> None:
    visitor = stream.random.choice(VISITORS)
    if stream.random.random() < 0.4:
        stream.edge_request(time_s, visitor, stream.random.choice(CALLS))
        return
    name, region = stream.random.choice(_near(visitor))
    if ready_s[name] < time_s:
        stream.container_request(time_s, visitor, stream.random.choice(PAGES), name, region)


def _near(visitor: Visitor) -> list[tuple[str, str]]:
    region = min(visitor.region_rtt_ms, key=lambda one: visitor.region_rtt_ms[one])
    return [(name, where) for name, where in BUSY_INSTANCES if where == region]


def _lose_tokyo(stream: StreamBuilder) -> None:
    message = "The Docker Engine at unix:///var/run/docker.sock does not answer"
    advice = "Start Docker; the region comes back by itself"
    stream.add(
        RegionChanged(
            time_s=35.0,
            region="ap-northeast",
            driver="docker",
            state="unavailable",
            message=message,
            advice=advice,
        )
    )
    stream.notice(35.0, "error", "ap-northeast", message, advice)


def _visit_failing(stream: StreamBuilder, time_s: float, number: int) -> None:
    visitor = VISITORS[number % 3]
    if number % 4 == 0:
        stream.edge_request(time_s, visitor, CALLS[number % 3])
    elif number % 7 == 0:
        stream.container_request(
            time_s,
            visitor,
            "/report",
            "app-2",
            "us-east",
            status=503,
            outcome="error",
            error="no instance of render could be started in us-east: port 8080 did not answer",
        )
    elif visitor.city == "Frankfurt":
        stream.container_request(time_s, visitor, PAGES[number % 6], "app-3", "eu-west")
    else:
        stream.container_request(time_s, visitor, PAGES[number % 6], "app-2", "us-east")
