"""One isolate of a Worker that the test writes."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from core.worker.isolate import Isolate
from core.worker.python.launcher import PythonLauncher
from tests.core.worker.conftest import Containers, Recorder, WriteWorker

Launch = Callable[..., Awaitable[Isolate]]


@pytest.fixture
async def launch(
    write_worker: WriteWorker, recorder: Recorder, containers: Containers
) -> AsyncIterator[Launch]:
    """Give what writes a Worker and starts one isolate of it."""
    made: list[tuple[PythonLauncher, Isolate]] = []

    async def begin(source: str, *, cpu_limit_ms: float = 30_000, sub_request_limit: int = 50) -> Isolate:
        launcher = PythonLauncher(
            main=write_worker(source),
            binding_fetch=containers.fetch,
            on_log=recorder.log,
            variables={"GREETING": "hello", "NUMBERS": [1, 2]},
            bindings={"APP": "App"},
            cpu_limit_ms=cpu_limit_ms,
            sub_request_limit=sub_request_limit,
        )
        try:
            isolate = await launcher.launch(1)
        except BaseException:
            await launcher.close()
            raise
        made.append((launcher, isolate))
        return isolate

    yield begin
    for launcher, isolate in made:
        await isolate.stop()
        await launcher.close()
