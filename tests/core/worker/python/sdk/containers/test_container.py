"""A container class: it starts its instance once, sends requests to its port, and its hooks are called."""

from pathlib import Path

import pytest

from core.http.messages import text_response
from core.worker.python.sdk.containers.container import NO_INSTANCE, NO_INSTANCE_ANSWER
from core.worker.runtime import ContainerSignal
from tests.core.worker.python.instances import Instances, Ran

CLASS = """
class App(Container):
    default_port = 8080
    sleep_after = "5m"
    env_vars = {"A": "b"}
    def on_start(self):
        print("started", self.ctx.id.name)
    async def on_stop(self, stop):
        print("stopped", stop["exit_code"], stop["reason"])
    def on_error(self, error):
        print("failed", error)
"""
PASSING = """
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await get_container(self.env.APP, "anna").fetch(request)
"""


def worker(body: str) -> str:
    lines = "\n".join(f"        {line}" for line in body.strip().splitlines())
    return (
        f"{CLASS}\nclass Default(WorkerEntrypoint):\n    async def fetch(self, request):\n"
        f"        anna = self.env.APP.get_by_name('anna')\n{lines}\n"
    )


async def test_the_first_request_starts_the_instance_with_what_the_class_says(tmp_path: Path) -> None:
    instances = Instances()
    ran = Ran(tmp_path, CLASS + PASSING, instances)
    assert await ran.get("/one") == (200, "anna answers GET /one")
    assert instances.operations == ["state", "start", "fetch"]
    (start, _, options), (fetch, _, _) = instances.calls[1:]
    assert (start.instance, fetch.instance, fetch.port) == ("anna", "anna", 8080)
    assert options == {
        "wait": True,
        "env": {"A": "b"},
        "entrypoint": [],
        "enable_internet": True,
        "port": 8080,
        "sleep_after_s": 300,
        "timeout_s": 28.0,
    }
    assert ran.said == ["started anna"]


async def test_a_healthy_instance_is_neither_started_nor_asked_again(tmp_path: Path) -> None:
    instances = Instances()
    ran = Ran(tmp_path, CLASS + PASSING, instances)
    instances.states["anna"] = "healthy"
    await ran.get("/one")
    await ran.get("/two")
    assert instances.operations == ["state", "fetch", "fetch"]
    assert ran.said == []


@pytest.mark.parametrize(
    ("kind", "exit_code", "said"),
    [
        ("stopped", 0, "stopped 0 exit"),
        ("failed", 3, "stopped 3 exit"),
        ("failed", None, "failed it broke"),
        ("expired", None, None),
    ],
)
async def test_after_a_signal_the_state_is_asked_anew_and_the_hook_has_been_called(
    tmp_path: Path, kind: str, exit_code: int | None, said: str | None
) -> None:
    instances = Instances()
    ran = Ran(tmp_path, CLASS + PASSING, instances)
    await ran.get()
    signal = ContainerSignal("APP", "anna", kind, exit_code=exit_code, message="it broke")  # type: ignore[arg-type]
    assert await ran.handle(signal) is (said is not None)
    assert ran.said == ["started anna", *([said] if said else [])]
    instances.states["anna"] = "stopped"
    instances.calls.clear()
    await ran.get()
    assert instances.operations == (["fetch"] if said is None else ["state", "start", "fetch"])


async def test_a_signal_of_what_the_worker_does_not_know_is_not_handled(tmp_path: Path) -> None:
    ran = Ran(tmp_path, CLASS + PASSING, Instances())
    assert not await ran.handle(ContainerSignal("OTHER", "anna", "stopped"))
    without_class = Ran(tmp_path, PASSING, Instances())
    assert not await without_class.handle(ContainerSignal("APP", "anna", "stopped"))


@pytest.mark.parametrize(
    ("status", "text", "answer"),
    [
        (500, NO_INSTANCE, (503, NO_INSTANCE_ANSWER)),
        (429, "you are requesting too many containers per second", None),
        (503, "no room", (503, "no room")),
        (500, "the image is missing", (500, "Failed to start container: the image is missing")),
        (500, "Failed to start container: again", (500, "Failed to start container: again")),
    ],
)
async def test_a_start_that_fails_is_answered_as_the_platform_does(
    tmp_path: Path, status: int, text: str, answer: tuple[int, str] | None
) -> None:
    instances = Instances()
    instances.refuse_start = text_response(status, text)
    ran = Ran(tmp_path, CLASS + PASSING, instances)
    assert await ran.get() == (answer or (status, text))
    assert ran.said == [f"failed {text}"]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Network connection lost.", "Container suddenly disconnected, try again"),
        (
            "the container is not listening",
            "Error proxying request to container: the container is not listening",
        ),
    ],
)
async def test_a_request_that_is_lost_is_answered_as_the_platform_does(
    tmp_path: Path, text: str, answer: str
) -> None:
    instances = Instances()
    instances.lose = text
    ran = Ran(tmp_path, CLASS + PASSING, instances)
    assert await ran.get() == (500, answer)


async def test_switch_port_names_the_port(tmp_path: Path) -> None:
    instances = Instances()
    ran = Ran(tmp_path, worker("return await anna.fetch(switch_port(request, 9000))"), instances)
    await ran.get()
    assert [sub.port for sub, _, _ in instances.calls if not sub.operation] == [9000]
    assert instances.calls[1][2]["port"] == 9000


async def test_without_a_port_the_reason_is_told(tmp_path: Path) -> None:
    ran = Ran(tmp_path, "class App(Container): pass\n" + PASSING, Instances())
    with pytest.raises(RuntimeError, match="No port configured for this container"):
        await ran.get()
    with pytest.raises(ValueError, match="port value from switch_port is not a number"):
        await ran.get(**{"cf-container-target-port": "x"})


async def test_the_methods_of_the_class_are_called_by_its_stub(tmp_path: Path) -> None:
    instances = Instances()
    source = worker(
        """
await anna.start_and_wait_for_ports([8080, 9090], env_vars={"C": "d"}, enable_internet=False)
state = await anna.get_state()
await anna.renew_activity_timeout()
await anna.stop("SIGINT")
await anna.start()
await anna.destroy()
try:
    anna.missing
except AttributeError as error:
    return Response(f"{state} {error}")
"""
    )
    ran = Ran(tmp_path, source, instances)
    assert await ran.get() == (
        200,
        "{'status': 'healthy', 'last_change': 5} the container's class has no method missing",
    )
    assert instances.operations == ["start", "start", "state", "renew", "signal", "start", "destroy"]
    first = instances.calls[0][2]
    assert (first["port"], first["env"], first["enable_internet"]) == (8080, {"C": "d"}, False)
    assert instances.calls[1][2]["port"] == 9090
    assert instances.calls[4][2] == {"signal": 2}
    assert instances.calls[5][2]["wait"] is False
    assert ran.said == ["started anna", "started anna"]


async def test_operations_do_not_count_as_sub_requests_but_have_numbers(tmp_path: Path) -> None:
    instances = Instances()
    ran = Ran(tmp_path, CLASS + PASSING, instances)
    await ran.get()
    assert [sub.number for sub, _, _ in instances.calls] == [1, 2, 3]


async def test_an_instance_idle_for_its_time_is_stopped_unless_the_class_decides_otherwise(
    tmp_path: Path,
) -> None:
    own = CLASS + "    async def on_activity_expired(self):\n        print('expired')\n" + PASSING
    ran = Ran(tmp_path, own, Instances())
    assert await ran.handle(ContainerSignal("APP", "anna", "expired"))
    assert ran.said == ["expired"]


async def test_schedules_are_refused_with_the_reason(tmp_path: Path) -> None:
    ran = Ran(tmp_path, worker("await anna.schedule(1, 'x')"), Instances())
    with pytest.raises(RuntimeError, match="not here yet"):
        await ran.get()


async def test_an_overridden_fetch_decides_what_reaches_the_container(tmp_path: Path) -> None:
    instances = Instances()
    own = (
        CLASS + "    async def fetch(self, request):\n"
        "        return await self.container_fetch('http://c/other', 7000, method='PUT')\n" + PASSING
    )
    assert await Ran(tmp_path, own, instances).get("/x") == (200, "anna answers PUT /other")
    assert instances.calls[-1][0].port == 7000
