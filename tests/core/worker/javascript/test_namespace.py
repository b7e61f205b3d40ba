"""A container binding is a namespace of named objects; without a class its stubs reach the instances."""

from pathlib import Path

import pytest

from core.worker.deno.launcher import BindingInfo
from tests.core.worker.deno.loading import loaded, said, with_state

PLAIN = """
import { DurableObject } from "cloudflare:workers";
export class Box extends DurableObject {
  count = 0;
  constructor(ctx, env) {
    super(ctx, env);
    ctx.blockConcurrencyWhile(async () => { await scheduler.wait(1); this.ready = true; });
  }
  async fetch(request) { return Response.json([this.ready, ++this.count, this.ctx.id.name, this.env.A]); }
  storage() { return this.ctx.storage.sql.exec("SELECT 1"); }
  async primitives() {
    const { container } = this.ctx;
    const told = [container.running];
    container.start({ enableInternet: true, env: { B: "c" } });
    told.push(container.running);
    try { container.start({ enableInternet: true }) } catch (error) { told.push(error.message) }
    told.push(await (await container.getTcpPort(81).fetch("http://c/there")).text());
    container.signal(15);
    await container.setInactivityTimeout(1500);
    await container.destroy();
    try { container.getTcpPort(1).connect() } catch (error) { told.push(error.message) }
    return told;
  }
}
export default { fetch: async (request, env) => {
  const path = new URL(request.url).pathname;
  const box = env.BOX.getByName("anna");
  if (path === "/twice") await env.BOX.get(env.BOX.idFromName("anna")).fetch(request);
  if (path === "/primitives") return Response.json(await box.primitives());
  if (path === "/storage") return new Response(await box.storage().catch((error) => error.message));
  return box.fetch(request);
} };
"""


async def test_a_stub_without_a_class_reaches_the_named_instance(tmp_path: Path) -> None:
    source = """
      const id = env.BOX.idFromName("ann/ü");
      return env.BOX.get(id).fetch(request);
    """
    async with loaded(tmp_path, source) as worker:
        assert (await worker.fetch("/x")).text == "/x"
        [(sub, _, _)] = worker.calls
    assert (sub.binding, sub.instance, sub.port, sub.operation) == ("BOX", "ann/ü", None, "")


async def test_the_binding_itself_reaches_any_instance(tmp_path: Path) -> None:
    async with loaded(tmp_path, "return env.BOX.fetch(request)") as worker:
        await worker.fetch("/x")
        assert [sub.instance for sub, _, _ in worker.calls] == [""]


async def test_ids_are_the_same_for_the_same_name(tmp_path: Path) -> None:
    source = """
      const { BOX } = env;
      const one = BOX.idFromName("a");
      const told = [
        one.equals(BOX.idFromName("a")), one.equals(BOX.idFromName("b")), one.equals(BOX.newUniqueId()),
        /^[0-9a-f]{64}$/.test(String(one)), one.name, BOX.idFromString(String(one)).name,
        BOX.idFromString("ab".repeat(32)).name === undefined,
      ];
      try { BOX.idFromString("a") } catch (error) { told.push(error.message) }
      return Response.json(told);
    """
    async with loaded(tmp_path, source) as worker:
        told = (await worker.fetch()).json
    wrong = "Invalid Durable Object ID: must be 64 hex digits"
    assert told == [True, False, False, True, "a", "a", True, wrong]


async def test_one_object_a_name_made_with_ctx_and_env_before_its_first_event(tmp_path: Path) -> None:
    async with loaded(tmp_path, PLAIN, with_state(said), variables={"A": "of env"}) as worker:
        assert (await worker.fetch("/twice")).json == [True, 2, "anna", "of env"]


async def test_the_primitives_of_a_container_are_operations(tmp_path: Path) -> None:
    async with loaded(tmp_path, PLAIN, with_state(said)) as worker:
        told = (await worker.fetch("/primitives")).json
        done = [(name, options) for _, name, options in worker.operations()]
    already = "start() cannot be called on a container that is already running."
    assert told == [False, True, already, "/there", "connect() of a container's port is not emulated yet."]
    assert [name for name, _ in done] == ["state", "start", "signal", "sleep_after", "destroy"]
    assert (done[1][1]["env"], done[2][1], done[3][1]) == ({"B": "c"}, {"signal": 15}, {"seconds": 1.5})


async def test_storage_says_that_it_is_not_here(tmp_path: Path) -> None:
    async with loaded(tmp_path, PLAIN, with_state(said)) as worker:
        assert (await worker.fetch("/storage")).text.startswith("Durable Object storage is not emulated yet")


CHOICE = """
import { DurableObject } from "cloudflare:workers";
class Said extends DurableObject { async who() { return this.constructor.name; } }
%s
export default { fetch: async (request, env) => {
  const said = [];
  for (const name of ["MY_BOX", "OTHER"].filter((one) => one in env)) {
    said.push(await env[name].getByName("a").who().catch((error) => error.name));
  }
  return Response.json(said);
} };
"""


@pytest.mark.parametrize(
    ("classes", "bindings", "found"),
    [
        ("export class MyBox extends Said {} export class Else extends Said {}", ["MY_BOX"], ["MyBox"]),
        ("export class Any extends Said {}", ["MY_BOX"], ["Any"]),
        ("export class Any extends Said {}", ["MY_BOX", "OTHER"], ["TypeError", "TypeError"]),
        ("export class Any extends Said {} export class Two extends Said {}", ["MY_BOX"], ["TypeError"]),
    ],
    ids=["of the binding's name", "the only one", "not for two bindings", "not of two classes"],
)
async def test_without_a_declared_class_a_binding_finds_its_own(
    tmp_path: Path, classes: str, bindings: list[str], found: list[str]
) -> None:
    declared = [BindingInfo(name, "") for name in bindings]
    async with loaded(tmp_path, CHOICE % classes, with_state(said), bindings=declared) as worker:
        assert (await worker.fetch()).json == found
