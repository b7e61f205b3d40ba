"""Two hundred instances on one machine: starts take turns, what is kept is bounded, and nothing is left."""

import asyncio
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from core.clock import RealClock
from core.containers.drivers.process import ProcessDriver
from core.containers.start_queue import PARALLEL_STARTS
from core.events.types import ColdStart, InstanceChanged, Phase
from core.frames.fold import FrameFold
from core.frames.frame import RECENT_COLD_STARTS
from core.frames.instances import ENDED_ROWS
from tests.core.containers.rig import Recording, Rig, deployment, simulated

MANY = 200
NAMES = [f"n{number}" for number in range(MANY)]


def check_turns(starts: Sequence[ColdStart]) -> None:
    """Every start tells its wait for others apart, and never are more at the engine than may be."""
    at_work: list[tuple[float, int]] = []
    for start in starts:
        assert start.phases[0].name == "queue"
        phases = {phase.name: phase for phase in start.phases}
        assert {"image", "create", "start", "boot"} <= phases.keys()
        at_work += [(_at_s(start, phases["image"]), 1), (_end_s(start, phases["start"]), -1)]
    busiest = running = 0
    for _, step in sorted(at_work):
        running += step
        busiest = max(busiest, running)
    assert busiest <= PARALLEL_STARTS


def _at_s(start: ColdStart, phase: Phase) -> float:
    return round(start.start_s + phase.start_ms / 1000, 4)


def _end_s(start: ColdStart, phase: Phase) -> float:
    return round(start.start_s + (phase.start_ms + phase.duration_ms) / 1000, 4)


def check_frame_is_bounded(seen: Recording) -> None:
    """After all have ended a frame holds the last few, and counts the rest."""
    fold = FrameFold()
    for event in seen.events:
        fold.apply(event)
    frame = fold.frame(seen.events[-1].time_s)
    assert len(frame.cold_starts) == RECENT_COLD_STARTS
    assert frame.dropped.cold_starts == MANY - RECENT_COLD_STARTS
    assert len(frame.regions[0].instances) <= ENDED_ROWS


@pytest.mark.skipif(shutil.which("busybox") is None, reason="busybox is not installed")
async def test_two_hundred_processes_start_by_turns_and_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYBRID_TUI_STATE", str(tmp_path / "state"))
    (tmp_path / "index.html").write_text("here\n")
    command = ["busybox", "httpd", "-f", "-p", "127.0.0.1:{port}", "-h", "."]
    declared = deployment(command=command, folder=tmp_path, max_instances=MANY, ready_timeout="60s")
    before = len(os.listdir("/proc/self/fd"))
    rig = Rig(declared, RealClock(), {"us-east": ProcessDriver("shop", "us-east")})
    await rig.fleet.open()
    try:
        answers = await asyncio.gather(*(rig.call(name) for name in NAMES))
        assert set(answers) == {(200, "here\n")}
        assert len(psutil.Process().children()) >= MANY
    finally:
        await rig.fleet.close()
    ours = [one for one in psutil.Process().children(recursive=True) if "httpd" in one.cmdline()]
    assert ours == []
    assert not list((tmp_path / "state" / "shop").glob("processes-*"))
    assert len(os.listdir("/proc/self/fd")) <= before + 1  # The loop may have made its own for signals.
    check_turns(rig.seen.of(ColdStart))
    check_frame_is_bounded(rig.seen)


def test_two_hundred_simulated_instances_wait_for_each_other_where_it_is_seen() -> None:
    async def work(rig: Rig) -> None:
        answers = await asyncio.gather(*(rig.call(name) for name in NAMES))
        assert {status for status, _ in answers} == {200}

    _, seen = simulated(deployment(max_instances=MANY, ready_timeout="10m"), work)
    starts = seen.of(ColdStart)
    assert len(starts) == MANY
    check_turns(starts)
    queued_ms = [start.phases[0].duration_ms for start in starts]
    assert max(queued_ms) > max(one.total_ms - one.phases[0].duration_ms for one in starts)
    ended = {one.instance for one in seen.of(InstanceChanged) if one.state == "stopped"}
    assert len(ended) == MANY
    check_frame_is_bounded(seen)
