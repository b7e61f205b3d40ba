"""The process driver's start policies, with real programs: plain, and paused."""

import asyncio
import os
from collections.abc import Callable

import psutil
import pytest

from core.containers.drivers.process import ProcessDriver
from core.events.types import ColdStart, InstanceSample, Notice
from core.runs import state_folder
from tests.core.containers.drivers.process import programs
from tests.core.containers.drivers.process.conftest import Running
from tests.core.containers.rig import Rig


def _pid(body: bytes) -> int:
    return int(body.split()[1])


async def until_prepared(rig: Rig) -> psutil.Process:
    """Wait until a program is prepared; return it."""
    await rig.seen.until(lambda: any("prepared in" in one.message for one in rig.seen.of(Notice)))
    [child] = psutil.Process().children()
    return child


async def until(condition: Callable[[], bool]) -> None:
    """Wait until the system shows it; no event tells of it."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


def children_but(child: psutil.Process) -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if one.pid != child.pid]


def note() -> str:
    """Return the note of the region's children."""
    return (state_folder("shop") / "processes-us-east.json").read_text()


def test_it_knows_what_a_local_process_can_do() -> None:
    assert ProcessDriver("shop", "us-east").policies == {"plain", "paused"}


async def test_a_frozen_program_serves_the_first_request(running: Running) -> None:
    async with running(programs.server(), start_policy="paused") as rig:
        child = await until_prepared(rig)
        assert child.status() == psutil.STATUS_STOPPED
        status, body = await rig.get()
        assert (status, _pid(body)) == (200, child.pid)
        assert child.status() != psutil.STATUS_STOPPED
        [start] = await rig.seen.until_cold_starts(1)
        await rig.seen.until(lambda: len(rig.seen.of(InstanceSample)) > 0)
    assert start.policy == "paused"
    assert {sample.instance for sample in rig.seen.of(InstanceSample)} == {"app-1"}


async def test_what_is_frozen_ends_with_the_engine_and_with_the_policy(running: Running) -> None:
    async with running(programs.server(), start_policy="paused") as rig:
        child = await until_prepared(rig)
        rig.fleet.set_start_policy("app", "plain")
        await rig.get()
        await until(lambda: not child.is_running())
        rig.fleet.set_start_policy("app", "paused")
        await rig.seen.until(lambda: sum("prepared in" in one.message for one in rig.seen.of(Notice)) == 2)
        assert len(psutil.Process().children()) == 2
    assert psutil.Process().children() == []


async def test_a_frozen_program_is_in_the_note_that_the_next_engine_reads(running: Running) -> None:
    async with running(programs.server(), start_policy="paused") as rig:
        child = await until_prepared(rig)
        assert f'"pid":{child.pid}' in note()
        await rig.get()
        assert '"app-1"' in note()


async def test_a_program_that_is_killed_while_frozen_is_replaced(running: Running) -> None:
    async with running(programs.server(), start_policy="paused") as rig:
        child = await until_prepared(rig)
        os.kill(child.pid, 9)
        await until(lambda: children_but(child) != [] and not child.is_running())
        await until(lambda: all(one.status() == psutil.STATUS_STOPPED for one in children_but(child)))
        status, body = await rig.get()
        assert status == 200
        assert _pid(body) != child.pid


async def test_a_program_that_cannot_be_prepared_is_told_and_a_request_still_gets_its_reason(
    running: Running,
) -> None:
    async with running(programs.EXITS_AT_ONCE, start_policy="paused") as rig:
        await rig.seen.until(lambda: len(rig.seen.of(Notice)) == 1)
        status, body = await rig.get()
        assert status == 500
        assert body.endswith(b": no database")
    assert rig.seen.of(Notice)[0].message.startswith("no instance could be prepared: the program ended")
    assert rig.seen.of(ColdStart)[0].policy == "plain"


@pytest.mark.parametrize("policy", ["created", "shared", "boosted"])
async def test_a_policy_that_it_does_not_know_is_plain(running: Running, policy: str) -> None:
    async with running(programs.server(), start_policy=policy) as rig:
        assert (await rig.get())[0] == 200
        [start] = await rig.seen.until_cold_starts(1)
    assert start.policy == "plain"
    [notice] = [one for one in rig.seen.of(Notice) if one.level == "warning"]
    assert f"does not know the start policy {policy}" in notice.message
