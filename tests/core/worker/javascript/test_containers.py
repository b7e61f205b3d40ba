"""The classes of @cloudflare/containers behave as the package's, over the engine's operations."""

import asyncio
import json
from pathlib import Path

import pytest

from core.http.messages import Request, Response, one_chunk
from core.worker.deno.launcher import BindingInfo
from core.worker.runtime import CallRefused, ContainerSignal, SubRequest
from tests.core.worker.deno.loading import Loaded, Reply, loaded, said, with_state

HEAD = 'import { Container, getContainer, getRandom, switchPort } from "@cloudflare/containers";\n'
BOX = (
    HEAD
    + """
export class Box extends Container {
  defaultPort = 8080;
  sleepAfter = "5m";
  envVars = { MODE: "class" };
  onStart() { console.log(`started ${this.ctx.id.name}`); }
  onStop({ exitCode, reason }) { console.log(`stopped ${exitCode} ${reason}`); }
  onError(error) { console.log(`error ${error.message}`); }
  async double(number) { return number * 2; }
}
"""
)
FETCH = """
export default { async fetch(request, env, ctx) {
  const box = getContainer(env.BOX, "anna");
  %s
} };
"""


def shop(body: str, box: str = BOX) -> str:
    return box + FETCH % body


def refusing(status: int, text: str) -> Reply:
    """Answer the operation ``start`` with an error, as the engine does."""
    others = with_state(said)

    async def reply(sub: SubRequest, request: Request) -> Response:
        if sub.operation == "start":
            return Response(status, [], one_chunk(text.encode()))
        return await others(sub, request)

    return reply


async def test_the_first_request_starts_the_instance_and_then_reaches_it(tmp_path: Path) -> None:
    async with loaded(tmp_path, shop("return box.fetch(request)"), with_state(said)) as worker:
        assert [(await worker.fetch(path)).text for path in ("/a", "/b")] == ["/a", "/b"]
        assert worker.operations() == [
            ("anna", "state", {}),
            (
                "anna",
                "start",
                {
                    "wait": True,
                    "env": {"MODE": "class"},
                    "entrypoint": [],
                    "enable_internet": True,
                    "port": 8080,
                    "sleep_after_s": 300,
                    "timeout_s": 28,
                },
            ),
        ]
        asked = [(sub.instance, sub.port) for sub, _, _ in worker.calls if not sub.operation]
        assert asked == [("anna", 8080)] * 2
        assert [text for _, _, text in worker.lines] == ["started anna"]


async def test_requests_that_arrive_together_join_one_start(tmp_path: Path) -> None:
    async with loaded(tmp_path, shop("return box.fetch(request)"), with_state(said)) as worker:
        await asyncio.gather(*(worker.fetch() for _ in range(5)))
        assert [operation for _, operation, _ in worker.operations()] == ["state", "start"]
        assert [text for _, _, text in worker.lines] == ["started anna"]


async def test_an_instance_that_runs_already_is_not_started(tmp_path: Path) -> None:
    source = shop("return box.fetch(request)")
    async with loaded(tmp_path, source, with_state(said, status="healthy")) as worker:
        await worker.fetch()
        told = [(operation, options) for _, operation, options in worker.operations()]
    assert told == [("state", {}), ("sleep_after", {"seconds": 300})]


@pytest.mark.parametrize(
    ("status", "text", "answer"),
    [
        (
            503,
            "There is no Container instance available at this time.\nmore",
            "There is no Container instance",
        ),
        (429, "you are requesting too many containers per second", "you are requesting too many"),
        (
            500,
            "Failed to start container: Maximum number of running container instances exceeded.",
            "Failed to start container: Maximum number of running container instances exceeded.",
        ),
    ],
)
async def test_a_failed_start_answers_as_the_platform(
    tmp_path: Path, status: int, text: str, answer: str
) -> None:
    async with loaded(tmp_path, shop("return box.fetch(request)"), refusing(status, text)) as worker:
        got = await worker.fetch()
        assert (got.status, got.text.startswith(answer)) == (status, True)
        assert (await worker.line("error "))[1] == "log"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Network connection lost.", "Container suddenly disconnected, try again"),
        ("nobody listens", "Error proxying request to container: nobody listens"),
    ],
)
async def test_a_failed_request_answers_as_the_platform(tmp_path: Path, text: str, answer: str) -> None:
    async def lost(_sub: SubRequest, _request: Request) -> Response:
        raise CallRefused(text)

    async with loaded(tmp_path, shop("return box.fetch(request)"), with_state(lost)) as worker:
        got = await worker.fetch()
    assert (got.status, got.text) == (500, answer)


async def test_switch_port_names_the_port(tmp_path: Path) -> None:
    source = shop("return box.fetch(switchPort(request, 9090))")
    async with loaded(tmp_path, source, with_state(said)) as worker:
        await worker.post(b"x")
        [(sub, request, body)] = [call for call in worker.calls if not call[0].operation]
    assert (sub.port, request.header(b"cf-container-target-port"), body) == (9090, b"9090", b"x")


async def test_without_a_port_it_throws(tmp_path: Path) -> None:
    box = HEAD + "export class Box extends Container {}"
    source = shop("try { await box.fetch(request) } catch (e) { return new Response(e.message) }", box)
    async with loaded(tmp_path, source, with_state(said)) as worker:
        assert (await worker.fetch()).text.startswith("No port configured for this container.")


async def test_methods_are_called_and_unknown_ones_refused(tmp_path: Path) -> None:
    body = """
      const told = [await box.double(21)];
      for (const name of ["absent", "defaultPort", "constructor", "hasOwnProperty"]) {
        try { await box[name]() } catch (error) { told.push(`${error.name}: ${error.message}`) }
      }
      return Response.json(told);
    """
    async with loaded(tmp_path, shop(body), with_state(said)) as worker:
        told = (await worker.fetch()).json
    unknown = 'TypeError: The RPC receiver does not implement the method "{}".'
    names = ("absent", "defaultPort", "constructor", "hasOwnProperty")
    assert told == [42, *(unknown.format(name) for name in names)]


async def test_start_options_override_the_class(tmp_path: Path) -> None:
    body = """
      await box.start({ envVars: { A: "b" }, entrypoint: ["run", "it"], enableInternet: false });
      return new Response();
    """
    async with loaded(tmp_path, shop(body), with_state(said)) as worker:
        await worker.fetch()
        _, _, options = worker.operations()[1]
    assert (options["env"], options["entrypoint"]) == ({"A": "b"}, ["run", "it"])
    assert (options["enable_internet"], options["wait"]) == (False, False)


async def test_each_required_port_is_waited_for(tmp_path: Path) -> None:
    box = BOX.replace("defaultPort = 8080;", "defaultPort = 8080; requiredPorts = [8080, 9090];")
    body = "await box.startAndWaitForPorts(); return new Response()"
    async with loaded(tmp_path, shop(body, box), with_state(said)) as worker:
        await worker.fetch()
        ports = [options["port"] for _, operation, options in worker.operations() if operation == "start"]
    assert ports == [8080, 9090]


async def test_stop_destroy_state_and_renew_are_operations(tmp_path: Path) -> None:
    body = """
      await box.startAndWaitForPorts();
      await box.renewActivityTimeout();
      await box.stop("SIGINT");
      await box.stop();
      await box.startAndWaitForPorts();
      await box.destroy();
      return Response.json(await box.getState());
    """
    async with loaded(tmp_path, shop(body), with_state(said, status="healthy", exit_code=3)) as worker:
        told = (await worker.fetch()).json
        done = [
            (name, options)
            for _, name, options in worker.operations()
            if name in ("signal", "destroy", "renew")
        ]
    assert told == {"status": "healthy", "lastChange": 5, "exitCode": 3}
    assert done == [("renew", {}), ("signal", {"signal": 2}), ("signal", {"signal": 15}), ("destroy", {})]


@pytest.mark.parametrize(
    ("signal", "told"),
    [
        (ContainerSignal("BOX", "anna", "stopped", 0), "stopped 0 exit"),
        (ContainerSignal("BOX", "anna", "stopped", 0, "runtime_signal"), "stopped 0 runtime_signal"),
        (ContainerSignal("BOX", "anna", "failed", 7), "stopped 7 exit"),
        (ContainerSignal("BOX", "anna", "failed", None, message="it is gone"), "error it is gone"),
    ],
)
async def test_hooks_of_the_class_are_called(tmp_path: Path, signal: ContainerSignal, told: str) -> None:
    async with loaded(tmp_path, shop("return new Response()"), with_state(said)) as worker:
        assert await worker.isolate.notify("t1", signal)
        await worker.line(told)


async def test_after_its_end_an_instance_is_started_anew(tmp_path: Path) -> None:
    async with loaded(tmp_path, shop("return box.fetch(request)"), with_state(said)) as worker:
        await worker.fetch()
        await worker.isolate.notify("t1", ContainerSignal("BOX", "anna", "stopped", 0))
        await worker.fetch()
        assert [name for _, name, _ in worker.operations()] == ["state", "start", "start"]


@pytest.mark.parametrize("own", [True, False])
async def test_an_idle_instance_is_the_classs_own_affair_where_it_says_so(tmp_path: Path, own: bool) -> None:
    hook = "onActivityExpired() { console.log('kept') } double" if own else "double"
    source = shop("return new Response()", BOX.replace("async double", f"{hook}", 1))
    async with loaded(tmp_path, source, with_state(said, status="healthy")) as worker:
        assert await worker.isolate.notify("t1", ContainerSignal("BOX", "anna", "expired")) is own
        assert [text for _, _, text in worker.lines] == (["kept"] if own else [])


async def test_a_signal_for_a_binding_without_a_class_is_not_handled(tmp_path: Path) -> None:
    async with loaded(tmp_path, "return new Response()") as worker:
        assert not await worker.isolate.notify("t1", ContainerSignal("BOX", "anna", "stopped", 0))
        assert not await worker.isolate.notify("t1", ContainerSignal("ELSE", "anna", "stopped", 0))


async def test_get_random_chooses_among_so_many(tmp_path: Path) -> None:
    body = "const one = await getRandom(env.BOX, 2); return new Response(one.id.name)"
    async with loaded(tmp_path, shop(body), with_state(said)) as worker:
        assert {(await worker.fetch()).text for _ in range(30)} == {"instance-0", "instance-1"}


async def test_what_is_not_here_says_so(tmp_path: Path) -> None:
    body = """
      const told = [];
      for (const name of ["schedule", "allowHost"]) {
        try { await box[name](1, "x") } catch (error) { told.push(error.message) }
      }
      return Response.json(told);
    """
    async with loaded(tmp_path, shop(body), with_state(said)) as worker:
        told = (await worker.fetch()).json
    assert told == ["Container.schedule() is not emulated yet.", "Container.allowHost() is not emulated yet."]


async def test_a_constructor_that_throws_fails_its_requests_and_is_tried_again(tmp_path: Path) -> None:
    box = (
        HEAD
        + "let made = 0; export class Box extends Container { defaultPort = 1; constructor(ctx, env) { "
        + ("super(ctx, env); if (made++ === 0) throw new Error('not yet'); } }")
    )
    source = shop("try { return await box.fetch(request) } catch (e) { return new Response(e.message) }", box)
    async with loaded(tmp_path, source, with_state(said)) as worker:
        assert [(await worker.fetch("/x")).text for _ in range(2)] == ["not yet", "/x"]


def started(worker: Loaded) -> list[str]:
    return [json.dumps(options) for _, name, options in worker.operations() if name == "start"]


async def test_bindings_of_two_classes_keep_apart(tmp_path: Path) -> None:
    source = (
        BOX
        + "export class Other extends Box { defaultPort = 1 }\n"
        + "export default { async fetch(request, env) { await getContainer(env.BOX, 'n').fetch(request); "
        + "return getContainer(env.OTHER, 'n').fetch(request) } };"
    )
    bindings = [BindingInfo("BOX", "Box"), BindingInfo("OTHER", "Other")]
    async with loaded(tmp_path, source, with_state(said), bindings=bindings) as worker:
        await worker.fetch()
        asked = [(sub.binding, sub.port) for sub, _, _ in worker.calls if not sub.operation]
    assert (asked, len(started(worker))) == ([("BOX", 8080), ("OTHER", 1)], 2)
