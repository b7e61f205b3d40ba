"""What the tests of the process driver share: a fleet over it, in a state folder of its own."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from core.clock import RealClock
from core.containers.drivers.process import ProcessDriver
from tests.core.containers.rig import Rig, deployment

Running = Callable[..., AbstractAsyncContextManager[Rig]]


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Running:
    """Give what runs a fleet with a command; afterwards nothing of it may be left."""
    monkeypatch.setenv("HYBRID_TUI_STATE", str(tmp_path / "state"))

    @asynccontextmanager
    async def run(command: Sequence[str], **container: Any) -> AsyncIterator[Rig]:
        declared = deployment(command=list(command), folder=tmp_path, **container)
        rig = Rig(declared, RealClock(), {"us-east": ProcessDriver("shop", "us-east")})
        await rig.fleet.open()
        try:
            yield rig
        finally:
            await rig.fleet.close()
        assert not list((tmp_path / "state" / "shop").glob("processes-*"))

    return run
