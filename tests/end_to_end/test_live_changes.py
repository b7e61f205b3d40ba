"""What a person changes in a deployment that runs: emulated distance, instances, start policy."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from core.events.types import (
    Hop,
    InstanceChanged,
    LatencyChanged,
    RequestFinished,
    ScalingDecided,
    WorkerChanged,
)
from tests.end_to_end.projects import write_project
from tests.end_to_end.running import Running, hybrid_tui, up

TOKYO_TO_US_EAST_MS = 160.0
"""About what the round-trip model gives; what counts is that it is far more than the real way."""


def project(folder: Path) -> Path:
    """Write a project in us-east whose distances are as estimated."""
    written = write_project(folder)
    file = written / "hybrid.toml"
    file.write_text(file.read_text().replace('latency = "off"', 'latency = "real"'))
    return written


async def changed(state: Path, *words: str) -> str:
    """Run a command that must succeed, and return what it says."""
    done = await asyncio.to_thread(hybrid_tui, state, *words)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def is_ready(instance: str) -> Callable[[InstanceChanged], bool]:
    """Return what finds the event of this instance being ready."""
    return lambda event: (event.instance, event.state) == (instance, "ready")


async def way_of(running: Running, client: httpx.AsyncClient, path: str) -> tuple[RequestFinished, Hop]:
    """Let a visitor in Tokyo ask for a path; return the request and its way to the region."""
    assert (await client.get(path, headers={"X-Visitor-City": "Tokyo"})).status_code == 200
    request = await running.wait_for(RequestFinished, lambda one: one.path == path)
    (way,) = (hop for hop in request.trace if hop.name == "edge_to_region")
    return request, way


async def test_the_same_request_travels_or_not_as_the_switch_says(tmp_path: Path) -> None:
    async with up(project(tmp_path / "tried"), "--driver", "process") as running:
        async with httpx.AsyncClient(base_url=await running.url(), timeout=30.0) as client:
            real, real_way = await way_of(running, client, "/1")
            assert "is off" in await changed(tmp_path, "latency", "off")
            off, off_way = await way_of(running, client, "/2")
            assert "is 0.5 times" in await changed(tmp_path, "latency", "0.5", "tried")
            half, half_way = await way_of(running, client, "/3")
            assert "is real" in await changed(tmp_path, "latency", "real")
            again, again_way = await way_of(running, client, "/4")
        assert {way.kind for way in (real_way, off_way, half_way, again_way)} == {"emulated"}
        assert real.region_rtt_ms == again.region_rtt_ms == pytest.approx(TOKYO_TO_US_EAST_MS, abs=25)
        assert half.region_rtt_ms == pytest.approx(real.region_rtt_ms / 2, abs=0.01)
        assert off.region_rtt_ms == 0
        for request, way in ((real, real_way), (half, half_way), (again, again_way)):
            assert way.duration_ms >= request.region_rtt_ms - 1
        assert off_way.duration_ms < real.region_rtt_ms / 10
        assert [event.latency_scale for event in running.all(LatencyChanged)] == [0.0, 0.5, 1.0]


async def test_a_person_scales_and_what_cannot_be_is_refused_with_the_reason(tmp_path: Path) -> None:
    async with up(project(tmp_path / "tried"), "--driver", "process") as running:
        await running.url()
        await running.wait_for(WorkerChanged, lambda one: one.state == "ready")
        said = await changed(tmp_path, "scale", "app", "us-east", "2")
        assert said.startswith("app in us-east: 2 instances wanted")
        decided = await running.wait_for(ScalingDecided, lambda one: one.policy == "manual")
        assert (decided.container, decided.region, decided.instances) == ("app", "us-east", 2)
        for name in ("app-1", "app-2"):
            await running.wait_for(InstanceChanged, is_ready(name))
        assert "follows its policy again" in await changed(tmp_path, "scale", "app", "us-east", "auto")
        for words, reason in REFUSED.items():
            done = await asyncio.to_thread(hybrid_tui, tmp_path, *words.split())
            assert (done.returncode, done.stdout) == (1, "")
            assert reason in done.stderr


REFUSED = {
    "scale app eu-west 1": "It runs in: us-east.",
    "scale ap us-east 1": "There is no container class named ap.",
    "scale app us-east 1000": "max_instances of app is 20",
    "start-policy ap plain": "Did you mean app?",
}


async def test_a_start_policy_that_the_driver_does_not_know_is_told(tmp_path: Path) -> None:
    async with up(project(tmp_path / "tried"), "--driver", "process") as running:
        await running.url()
        await running.wait_for(WorkerChanged, lambda one: one.state == "ready")
        said = await changed(tmp_path, "start-policy", "app", "shared")
        assert "not known in us-east (the process driver): plain there" in said
        said = await changed(tmp_path, "start-policy", "app", "plain")
        assert said == "Instances of app are started by the policy plain from now on.\n"
