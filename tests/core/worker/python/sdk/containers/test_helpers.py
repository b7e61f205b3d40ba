"""Which instance is meant, and how a time is read."""

from pathlib import Path

import pytest

from core.worker.python.sdk.containers.helpers import to_seconds
from tests.core.worker.python.instances import Instances, Ran


@pytest.mark.parametrize(
    ("time", "seconds"), [("30s", 30), ("10m", 600), ("2h", 7200), (5, 5), (0.5, 0.5), (None, None)]
)
def test_times_are_read_as_the_platform_does(time: str | float | None, seconds: float | None) -> None:
    assert to_seconds(time) == seconds


@pytest.mark.parametrize("time", ["", "10", "10 m", "1d", "-1s"])
def test_other_times_are_refused(time: str) -> None:
    with pytest.raises(ValueError, match="invalid time expression"):
        to_seconds(time)


async def test_instances_are_chosen_by_name_or_at_random(tmp_path: Path) -> None:
    instances = Instances()
    source = """
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        await get_container(self.env.APP).fetch("http://c/")
        for _ in range(50):
            await (await get_random(self.env.APP, 2)).fetch("http://c/")
        await (await load_balance(self.env.APP, 1)).fetch("http://c/")
        return Response("x")
"""
    await Ran(tmp_path, source, instances).get()
    names = [sub.instance for sub, _, _ in instances.calls]
    assert names[0] == "cf-singleton-container"
    assert set(names[1:]) == {"instance-0", "instance-1"}
