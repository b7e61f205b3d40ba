"""The templates as local processes: real HTTP, a real Worker, a real Flask app, no Docker."""

from pathlib import Path

import httpx

from core.events.types import ColdStart, InstanceSample, IsolateSample, RequestFinished, WorkerChanged
from tests.end_to_end.running import hybrid_tui, up

PHASES = ["queue", "image", "create", "start", "boot", "first_response"]


async def test_the_worker_answers_its_paths_and_flask_the_rest(tmp_path: Path) -> None:
    assert hybrid_tui(tmp_path, "new", str(tmp_path / "shop"), "--template", "flask").returncode == 0
    async with up(tmp_path / "shop", "--driver", "process") as running:
        async with httpx.AsyncClient(base_url=await running.url(), timeout=30.0) as client:
            api = await client.get("/api/time")
            page = await client.get("/", headers={"X-Visitor-City": "Tokyo"})
        assert api.status_code == 200
        assert api.headers["content-type"] == "application/json"
        assert "Flask" in page.text
        assert page.headers["cf-ray"].endswith("-NRT")

        request = await running.wait_for(RequestFinished, lambda one: one.edge_location == "NRT")
        assert (request.outcome, request.city, request.status) == ("container", "Tokyo", 200)
        hops = {hop.name: hop for hop in request.trace}
        assert set(hops) >= {"visitor_to_edge", "edge", "worker", "edge_to_region", "container"}
        assert hops["edge_to_region"].kind == "emulated"
        assert hops["edge_to_region"].duration_ms > 100.0
        assert hops["container"].kind == "measured"
        assert request.duration_ms >= hops["edge_to_region"].duration_ms + hops["container"].duration_ms

        start = await running.wait_for(ColdStart)
        assert [phase.name for phase in start.phases] == PHASES
        assert {phase.kind for phase in start.phases} == {"measured"}
        sample = await running.wait_for(InstanceSample)
        assert 5.0 < sample.memory_mib < sample.memory_limit_mib
        assert await running.stop() == 0


async def test_the_worker_in_typescript_answers_its_paths_and_flask_the_rest(tmp_path: Path) -> None:
    assert hybrid_tui(tmp_path, "new", str(tmp_path / "shop"), "--template", "typescript").returncode == 0
    async with up(tmp_path / "shop", "--driver", "process") as running:
        async with httpx.AsyncClient(base_url=await running.url(), timeout=30.0) as client:
            assert (await client.get("/api/hello")).json() == {"answered_by": "worker", "path": "/api/hello"}
            assert "Flask" in (await client.get("/", headers={"X-Visitor-City": "Tokyo"})).text
        request = await running.wait_for(RequestFinished, lambda one: one.edge_location == "NRT")
        assert (request.outcome, request.status, request.isolate) == ("container", 200, 1)
        assert request.instance == "app-main"
        ready = await running.wait_for(WorkerChanged, lambda one: one.state == "ready")
        assert (ready.runtime, ready.isolate) == ("deno", 1)
        sample = await running.wait_for(IsolateSample)
        assert sample.memory_limit_mib == 128
        assert await running.stop() == 0
