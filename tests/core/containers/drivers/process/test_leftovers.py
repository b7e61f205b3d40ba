"""An engine that is killed: what it left running is ended by the next one, or by ``down``."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from core.containers.drivers.process import ProcessDriver, remove_everything
from core.containers.drivers.process.leftovers import LedgerFile
from core.containers.drivers.protocol import InstancePlan
from tests.core.containers.drivers.process import programs
from tests.core.containers.rig import deployment

_OWNER = """
import asyncio, sys
from pathlib import Path
from core.containers.drivers.process import driver as module
from core.containers.drivers.protocol import InstancePlan
from tests.core.containers.rig import deployment

async def main():
    if "untied" in sys.argv:
        module._tie_to_this_process = lambda: asyncio.sleep(0, ())
    declared = deployment(command=sys.argv[2:4] + sys.argv[4:5], folder=Path(sys.argv[1]))
    plan = InstancePlan("app-1", declared.containers[0], "us-east", declared.folder)
    driver = module.ProcessDriver("shop", "us-east")
    await driver.open()
    await driver.create(plan)
    await driver.start(plan)
    await driver.wait_until_listening(plan)
    print(driver._children["app-1"].pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYBRID_TUI_STATE", str(tmp_path / "state"))


async def _killed_owner(folder: Path, *, tied: bool) -> psutil.Process:
    """Start an engine with one child, kill the engine, and return the child."""
    command = programs.server()
    words = [str(folder), *command] + ([] if tied else ["untied"])
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _OWNER, *words, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[5]
    )
    assert owner.stdout is not None
    child = psutil.Process(int(await owner.stdout.readline()))
    owner.send_signal(signal.SIGKILL)
    await owner.wait()
    return child


def _runs(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


async def _until_gone(process: psutil.Process) -> None:
    async with asyncio.timeout(10):
        while _runs(process):
            await asyncio.sleep(0.005)


async def test_the_next_run_ends_what_a_killed_one_left(tmp_path: Path) -> None:
    child = await _killed_owner(tmp_path, tied=False)
    assert _runs(child)
    driver = ProcessDriver("shop", "us-east")
    await driver.open()
    assert not _runs(child)
    await driver.close()


async def test_down_ends_what_a_killed_run_left_and_names_it(tmp_path: Path) -> None:
    child = await _killed_owner(tmp_path, tied=False)
    assert await remove_everything("shop") == ("app-1",)
    assert not _runs(child)
    assert await remove_everything("shop") == ()


async def test_a_child_is_found_by_its_mark_when_the_ledger_is_lost(tmp_path: Path) -> None:
    child = await _killed_owner(tmp_path, tied=False)
    (tmp_path / "state" / "shop" / "processes-us-east.json").unlink()
    assert await remove_everything("shop") == ("app-1",)
    assert not _runs(child)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a parent-death signal")
async def test_a_child_dies_with_its_engine(tmp_path: Path) -> None:
    await _until_gone(await _killed_owner(tmp_path, tied=True))


async def test_another_engine_that_lives_keeps_its_children(tmp_path: Path) -> None:
    declared = deployment(command=programs.server(), folder=tmp_path)
    plan = InstancePlan("app-1", declared.containers[0], "us-east", tmp_path)
    living, other = ProcessDriver("shop", "us-east"), ProcessDriver("shop", "us-east")
    await living.open()
    await living.create(plan)
    await living.start(plan)
    await living.wait_until_listening(plan)
    await other.open()
    assert [sample.instance for sample in await living.samples()] == ["app-1"]
    await living.close()


async def test_a_process_that_took_over_a_noted_number_is_left_alone() -> None:
    stranger = await asyncio.create_subprocess_exec("sleep", "60", start_new_session=True)
    ledger = LedgerFile("shop", "us-east")
    ledger.add("app-1", stranger.pid)
    path = next((Path(os.environ["HYBRID_TUI_STATE"]) / "shop").glob("processes-*.json"))
    started_s = psutil.Process(stranger.pid).create_time()
    path.write_text(path.read_text().replace(str(started_s), str(started_s - 1000)))
    assert await remove_everything("shop") == ()
    assert stranger.returncode is None
    stranger.kill()
    await stranger.wait()
