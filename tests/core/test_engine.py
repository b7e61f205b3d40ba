"""The engine: what it puts together, in which order it starts and ends, and what it refuses."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.clock import RealClock, VirtualClock, run_virtual
from core.control.client import ControlClient
from core.control.operator import OperationRefused
from core.engine import Engine
from core.events.codec import encode
from core.events.types import (
    AnyEvent,
    ColdStart,
    EngineStarted,
    EngineStopped,
    Event,
    InstanceChanged,
    LatencyChanged,
    Notice,
    RequestFinished,
    StartPolicyChanged,
    WorkerLogged,
)
from core.http.client import PooledClient
from core.http.errors import PortTaken
from core.http.messages import Request
from core.metering.meter import Meter
from core.metering.usage import Usage
from core.model.load import load_deployment
from core.model.start_policies import START_POLICIES
from core.options import EngineOptions
from core.runs import STATE_VARIABLE, RunRecord, read_run
from core.templates import template_folder
from tests.core.edge.world import body_of

ENOUGH_S = 20.0
SLOW_WORKER = """
import asyncio
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        await asyncio.sleep(0.2)
        return Response("late")
"""

PASSING_WORKER = """
from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await self.env.APP.fetch(request)
"""


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))


def nobody(_: RunRecord) -> None:
    """Take no note of the engine being up."""


def simulated(seconds: float, folder: Path | None = None) -> list[AnyEvent]:
    """Run a project, the static template when none is given, on virtual time and return its events."""
    events: list[AnyEvent] = []
    clock = VirtualClock()

    async def main() -> None:
        options = EngineOptions(driver="simulated", seed=7, for_s=seconds)
        engine = Engine(
            load_deployment(folder or template_folder("static")), options, clock, virtual=True, door=False
        )
        engine.bus.subscribe(events.append)
        await engine.run(nobody)

    run_virtual(main(), clock)
    return events


def test_the_first_event_says_what_runs_and_the_last_why_it_ended() -> None:
    events = simulated(120.0)
    first, last = events[0], events[-1]
    assert isinstance(first, EngineStarted)
    assert (first.deployment, first.seed, first.url) == ("static", 7, "")
    assert isinstance(last, EngineStopped)
    assert last.reason == "its time of 120 s is over"


def test_every_instance_is_down_before_the_last_event() -> None:
    states: dict[str, str] = {}
    for event in simulated(120.0):
        if isinstance(event, InstanceChanged):
            states[event.instance] = event.state
    assert states
    assert set(states.values()) <= {"stopped", "failed"}


def prepared(folder: Path, policy: str, delay: str, requests_per_second: float) -> Path:
    """Write a project that keeps instances prepared, with visitors or without."""
    folder.mkdir()
    (folder / "worker.py").write_text(PASSING_WORKER)
    (folder / "hybrid.toml").write_text(
        'name = "kept"\nworker = "worker.py"\n'
        f"[traffic]\nrequests_per_second = {requests_per_second}\n"
        '[[containers]]\nbinding = "APP"\nimage = "app"\nprepared = 3\nsleep_after = "20s"\n'
        f'start_policy = "{policy}"\ncold_start_delay = "{delay}"\n'
    )
    return folder


@pytest.mark.parametrize("policy", ["created", "shared", "paused"])
def test_what_stands_prepared_is_no_instance_and_costs_nothing(tmp_path: Path, policy: str) -> None:
    events = simulated(600.0, prepared(tmp_path / "p", policy, "off", requests_per_second=0))
    assert any(isinstance(one, Notice) and "3 prepared in us-east" in one.message for one in events)
    assert not any(isinstance(one, InstanceChanged) for one in events)
    meter = Meter()
    for event in events:
        meter.apply(event)
    assert meter.usage(600.0) == Usage()


@pytest.mark.parametrize("policy", START_POLICIES)
def test_a_seed_gives_the_same_bytes_by_every_start_policy_and_with_delays(
    tmp_path: Path, policy: str
) -> None:
    folder = prepared(tmp_path / "p", policy, "production", requests_per_second=0.1)
    first, second = (simulated(900.0, folder) for _ in range(2))
    assert [encode(event) for event in first] == [encode(event) for event in second]
    starts = [event for event in first if isinstance(event, ColdStart)]
    assert len(starts) > 3
    assert {start.policy for start in starts} == {policy}
    assert all(phase.kind == "emulated" for start in starts for phase in start.phases)


def project(folder: Path, worker: str) -> Path:
    """Write a project without visitors."""
    folder.mkdir()
    (folder / "worker.py").write_text(worker)
    (folder / "hybrid.toml").write_text(
        'name = "tried"\nworker = "worker.py"\n[[containers]]\nbinding = "APP"\ncommand = ["false"]\n'
    )
    return folder


def engine_of(folder: Path, **options: object) -> Engine:
    """Make an engine on real time with a door."""
    given = EngineOptions(**{"port": 0, "driver": "process", **options})  # type: ignore[arg-type]
    return Engine(load_deployment(folder), given, RealClock(), virtual=False, door=True)


async def test_actions_are_refused_until_there_is_something_to_act_on(tmp_path: Path) -> None:
    engine = engine_of(project(tmp_path / "p", SLOW_WORKER))
    with pytest.raises(OperationRefused, match="still starting"):
        await engine.act("start", "app-1")
    for change in (
        engine.set_latency(0.5),
        engine.scale("app", "us-east", 1),
        engine.set_start_policy("app", "plain"),
    ):
        with pytest.raises(OperationRefused, match="still starting"):
            await change


async def test_what_a_person_sets_reaches_the_parts_and_what_they_refuse_comes_back(tmp_path: Path) -> None:
    engine = engine_of(project(tmp_path / "p", SLOW_WORKER), driver="simulated")
    events: list[AnyEvent] = []
    engine.bus.subscribe(events.append)
    async with running(engine) as (client, port):
        await client.fetch(("127.0.0.1", port), Request("GET", "/", [(b"host", b"a")]))
        assert "is off" in await engine.set_latency(0.0)
        assert "follows its policy again" in await engine.scale("app", "us-east", None)
        assert "by the policy plain" in await engine.set_start_policy("app", "plain")
        for refused, reason in (
            (engine.set_latency(-1.0), "from 0"),
            (engine.scale("app", "us-east", 1000), "at most 20"),
            (engine.set_start_policy("nobody", "plain"), "nobody"),
        ):
            with pytest.raises(OperationRefused, match=reason):
                await refused
    assert [event.latency_scale for event in events if isinstance(event, LatencyChanged)] == [0.0]
    chosen = [(one.container, one.policy) for one in events if isinstance(one, StartPolicyChanged)]
    assert chosen == [("app", "plain")]


async def test_a_taken_port_is_found_before_anything_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        engine = engine_of(project(tmp_path / "p", SLOW_WORKER), port=taken.getsockname()[1])
        events: list[AnyEvent] = []
        engine.bus.subscribe(events.append)
        with pytest.raises(PortTaken):
            await engine.run(nobody)
    assert events == []
    assert read_run("tried") is None


async def test_a_demo_gives_way_when_its_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        engine = engine_of(project(tmp_path / "p", SLOW_WORKER), port=port, demo=True, for_s=0.0)
        records: list[RunRecord] = []
        await engine.run(records.append)
    assert records[0].url not in ("", f"http://127.0.0.1:{port}")


async def test_a_request_under_way_is_answered_before_the_worker_goes(tmp_path: Path) -> None:
    engine = engine_of(project(tmp_path / "p", SLOW_WORKER))
    events: list[AnyEvent] = []
    engine.bus.subscribe(events.append)
    ready: asyncio.Future[RunRecord] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(engine.run(ready.set_result))
    async with asyncio.timeout(ENOUGH_S):
        record = await ready
        port = int(record.url.rpartition(":")[2])
        client = PooledClient()
        asked = asyncio.create_task(client.fetch(("127.0.0.1", port), Request("GET", "/")))
        while engine.requests_in_flight == 0:
            await asyncio.sleep(0)
        door = await ControlClient.connect(Path(record.socket))
        assert (await door.stop_engine()).ok
        response = await asked
        assert response.status == 200
        assert await running == "asked to stop"
        await client.close()
    [request] = [event for event in events if isinstance(event, RequestFinished)]
    assert request.status == 200
    assert read_run("tried") is None


async def test_a_broken_worker_is_told_and_the_engine_runs(tmp_path: Path) -> None:
    engine = engine_of(project(tmp_path / "p", "def broken(:\n"), for_s=0.0)
    notices: list[AnyEvent] = []
    engine.bus.subscribe(lambda event: notices.append(event) if isinstance(event, Notice) else None)
    await engine.run(nobody)
    assert any(isinstance(one, Notice) and "worker.py" in one.message for one in notices)


TELLING_WORKER = """
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        print(f"the key is {self.env.API_KEY}, the token {request.headers.get('authorization')}")
        return Response("told")

    async def scheduled(self, controller, env, ctx):
        print(f"cron {controller.cron}")
"""


@asynccontextmanager
async def running(engine: Engine) -> AsyncIterator[tuple[PooledClient, int]]:
    """Run an engine; gives a client and the port of the edge."""
    ready: asyncio.Future[RunRecord] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(engine.run(ready.set_result))
    client = PooledClient()
    try:
        async with asyncio.timeout(ENOUGH_S):
            yield client, int((await ready).url.rpartition(":")[2])
    finally:
        engine.lifetime.end("the test is over")
        await task
        await client.close()


async def heard(engine: Engine, kind: type[Event], text: str) -> Event:
    """Wait for an event of a kind that holds a text."""
    found: asyncio.Future[Event] = asyncio.get_running_loop().create_future()

    def look(event: AnyEvent) -> None:
        if isinstance(event, kind) and text in repr(event) and not found.done():
            found.set_result(event)

    unsubscribe = engine.bus.subscribe(look)
    try:
        return await found
    finally:
        unsubscribe()


async def test_secrets_are_in_no_event_of_a_run(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", TELLING_WORKER)
    (folder / ".dev.vars").write_text("API_KEY=hunter2-and-more\n")
    engine = engine_of(folder)
    events: list[AnyEvent] = []
    engine.bus.subscribe(events.append)
    async with running(engine) as (client, port):
        fields = [(b"host", b"a"), (b"authorization", b"Bearer abcdef-123456")]
        line = asyncio.create_task(heard(engine, WorkerLogged, "the key is"))
        response = await client.fetch(("127.0.0.1", port), Request("GET", "/hunter2-and-more", fields))
        assert response.status == 200
        event = await line
    assert isinstance(event, WorkerLogged)
    assert event.message.strip() == "the key is [secret API_KEY], the token [Authorization]"
    told = repr(events)
    assert "hunter2-and-more" not in told
    assert "abcdef-123456" not in told


async def test_secrets_are_not_in_the_engine_s_own_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(tmp_path / "p", TELLING_WORKER)
    (folder / ".dev.vars").write_text("API_KEY=hunter2-and-more\n")
    monkeypatch.setattr(logging, "lastResort", logging.StreamHandler())
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    async with running(engine_of(folder)):
        logging.getLogger("core.some").warning("failed with %s", "hunter2-and-more")
    assert capsys.readouterr().err == "failed with [secret API_KEY]\n"


async def test_code_that_is_saved_is_loaded_and_told(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", TELLING_WORKER)
    (folder / ".dev.vars").write_text("API_KEY=1\n")
    engine = engine_of(folder)
    async with running(engine) as (client, port):
        notice = asyncio.create_task(heard(engine, Notice, "loaded anew"))
        while not notice.done():
            (folder / "worker.py").write_text(TELLING_WORKER.replace("told", "anew"))
            await asyncio.wait([notice], timeout=0.5)
        response = await client.fetch(("127.0.0.1", port), Request("GET", "/", [(b"host", b"a")]))
        assert await body_of(response) == b"anew"


async def test_a_cron_trigger_comes_due_on_virtual_time(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", TELLING_WORKER)
    file = folder / "hybrid.toml"
    (folder / ".dev.vars").write_text("API_KEY=1\n")
    text = file.read_text().replace(
        'worker = "worker.py"', 'worker.main = "worker.py"\nworker.crons = ["* * * * *"]'
    )
    file.write_text(text)
    events: list[AnyEvent] = []

    def run_it() -> None:
        clock = VirtualClock()

        async def main() -> None:
            options = EngineOptions(driver="simulated", seed=7, for_s=130.0)
            engine = Engine(load_deployment(folder), options, clock, virtual=True, door=False)
            engine.bus.subscribe(events.append)
            await engine.run(nobody)

        run_virtual(main(), clock)

    await asyncio.to_thread(run_it)
    lines = [one.message.strip() for one in events if isinstance(one, WorkerLogged)]
    assert lines == ["cron * * * * *", "cron * * * * *"]
