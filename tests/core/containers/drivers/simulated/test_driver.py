"""The simulated driver: no I/O, virtual time, one seed one run."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.clock import VirtualClock, run_virtual
from core.containers.drivers.protocol import ContainerConnectionError, Exit, InstancePlan
from core.containers.drivers.simulated import SimulatedDriver
from core.http.messages import Request, Response, one_chunk
from tests.core.containers.rig import deployment

PLAN = InstancePlan("app-1", deployment().containers[0], "us-east", Path())


async def _up(driver: SimulatedDriver) -> None:
    await driver.open()
    await driver.prepare(PLAN, lambda line: None)
    await driver.create(PLAN)
    await driver.start(PLAN)
    await driver.wait_until_listening(PLAN)


async def _body(response: Response) -> bytes:
    assert response.body is not None
    return b"".join([chunk async for chunk in response.body])


def test_it_answers_with_who_and_where_it_is() -> None:
    clock = VirtualClock()

    async def main() -> bytes:
        driver = SimulatedDriver("us-east", clock, 1)
        await _up(driver)
        return await _body(await driver.fetch(PLAN, Request("GET", "/report?secret=1")))

    assert run_virtual(main(), clock) == b"/report from app-1 in us-east (emulated)\n"


def test_the_requests_body_is_read_before_it_answers() -> None:
    clock = VirtualClock()
    body = one_chunk(b"data")

    async def main() -> list[bytes]:
        driver = SimulatedDriver("us-east", clock, 1)
        await _up(driver)
        await driver.fetch(PLAN, Request("POST", "/", [], body))
        return [chunk async for chunk in body]

    assert run_virtual(main(), clock) == []


def test_memory_grows_with_work_and_stays_within_the_limit() -> None:
    clock = VirtualClock()

    async def main() -> tuple[float, float]:
        driver = SimulatedDriver("us-east", clock, 1)
        await _up(driver)
        (before,) = await driver.samples()
        await asyncio.gather(*(driver.fetch(PLAN, Request("GET", "/")) for _ in range(4000)))
        (after,) = await driver.samples()
        assert after.memory_mib <= after.memory_limit_mib
        assert after.cpu_total_s > before.cpu_total_s
        return before.memory_mib, after.memory_mib

    before_mib, after_mib = run_virtual(main(), clock)
    assert after_mib > before_mib + 20


def test_what_does_not_listen_cannot_be_reached() -> None:
    clock = VirtualClock()

    async def main() -> None:
        driver = SimulatedDriver("us-east", clock, 1)
        with pytest.raises(ContainerConnectionError) as never:
            await driver.fetch(PLAN, Request("GET", "/"))
        assert not never.value.connected
        await _up(driver)
        await driver.kill(PLAN)
        assert await driver.wait_until_exit(PLAN) == Exit(137)
        assert list(await driver.samples()) == []

    run_virtual(main(), clock)


def test_a_grace_that_is_too_short_kills() -> None:
    clock = VirtualClock()

    async def main(grace_s: float) -> Exit:
        driver = SimulatedDriver("us-east", clock, 1)
        await _up(driver)
        await driver.stop(PLAN, grace_s)
        return await driver.wait_until_exit(PLAN)

    assert run_virtual(main(10.0), clock) == Exit(0)
    assert run_virtual(main(0.001), clock) == Exit(137)


_RUN = """
from tests.core.containers.rig import deployment, simulated
async def work(rig):
    return [await rig.get(f"/{number}") for number in range(20)]
print(simulated(deployment(sleep_after="3s"), work)[1].events)
"""


def test_a_seed_gives_the_same_run_whatever_the_hash_seed() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", _RUN],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            cwd=Path(__file__).parents[5],
            capture_output=True,
            check=True,
        ).stdout
        for hash_seed in ("0", "1", "2")
    }
    assert len(outputs) == 1
