"""The Engine's own stream of figures, as it is read where the kernel's files are not at hand."""

import asyncio

import pytest

from core.containers.drivers.docker import labels
from core.containers.drivers.docker.api import EngineApi
from core.containers.drivers.docker.cgroups import Reading
from core.containers.drivers.docker.driver import DockerDriver
from core.containers.drivers.docker.stats import StatsReader, reading_of
from core.containers.drivers.protocol import Sample
from tests.core.containers.drivers.docker.conftest import bring_up, make_plan

CPU = {"cpu_usage": {"total_usage": 2_500_000_000}}


def test_both_versions_of_control_groups_give_the_same_reading() -> None:
    v1 = {"usage": 1300, "stats": {"total_inactive_file": 300, "total_rss": 400}}
    v2 = {"usage": 1300, "stats": {"inactive_file": 300, "anon": 400}}
    for memory in (v1, v2):
        assert reading_of({"memory_stats": memory, "cpu_stats": CPU}) == Reading(1000, 400, 2.5)


def test_an_engine_without_a_breakdown_gives_used_memory_alone() -> None:
    assert reading_of({"memory_stats": {"usage": 1300}, "cpu_stats": CPU}) == Reading(1300, 1300, 2.5)


@pytest.mark.parametrize("message", [{}, {"memory_stats": {}}, {"memory_stats": None}])
def test_the_message_of_a_container_that_ends_is_no_reading(message: dict[str, object]) -> None:
    assert reading_of(message) is None


async def test_the_stream_agrees_with_the_kernels_files_and_ends_with_the_container(
    driver: DockerDriver, api: EngineApi, busybox_image: str
) -> None:
    plan = make_plan(busybox_image)
    await bring_up(driver, plan)
    [listed] = await api.containers(labels.label_filter(deployment=driver.deployment))
    reader = StatsReader(api, str(listed["Id"]))
    async with asyncio.timeout(20):
        while not agree(reader.read(), *await driver.samples()):
            await asyncio.sleep(0.02)
        await driver.remove(plan)
        while reader.read() is not None:
            await asyncio.sleep(0.02)
    reader.close()


def agree(theirs: Reading | None, ours: Sample) -> bool:
    """Say whether the readings are of one container; the stream's may be a second older."""
    return theirs is not None and (
        (theirs.memory_bytes / 1024**2, theirs.app_bytes / 1024**2, theirs.cpu_total_s)
        == pytest.approx((ours.memory_mib, ours.app_memory_mib, ours.cpu_total_s), abs=0.1)
    )
