"""One suite for all Worker runtimes: a row a behaviour, a column a runtime."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.end_to_end.runtimes.site import Behaviour, Site, site
from tests.end_to_end.runtimes.table import BREACHES, PLAIN, RUNTIMES
from tests.workerd_support import need_workerd

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=RUNTIMES)
async def plain(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    """Run the suite's Worker with usual limits, but for the sub-requests of the free plan."""
    folder = _folder(tmp_path_factory, request.param)
    async with site(folder, request.param, "sub_requests = 50") as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=RUNTIMES)
async def narrow(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    """Run the suite's Worker with little CPU time."""
    folder = _folder(tmp_path_factory, request.param)
    async with site(folder, request.param, "cpu_ms = 400") as running:
        yield running


def _folder(factory: pytest.TempPathFactory, runtime: str) -> Path:
    if runtime == "workerd":
        need_workerd()
    return factory.mktemp(runtime)


@pytest.mark.parametrize("behaviour", PLAIN, ids=lambda one: one.name)
async def test_behaviour(plain: Site, behaviour: Behaviour) -> None:
    if plain.runtime in behaviour.absent:
        pytest.skip(behaviour.absent[plain.runtime])
    await behaviour.check(plain)


@pytest.mark.parametrize("behaviour", BREACHES, ids=lambda one: one.name)
async def test_breach(narrow: Site, behaviour: Behaviour) -> None:
    if narrow.runtime in behaviour.absent:
        pytest.skip(behaviour.absent[narrow.runtime])
    await behaviour.check(narrow)
