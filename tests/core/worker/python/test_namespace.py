"""A binding of a container class: any instance, one by name, with and without a class."""

from pathlib import Path

import pytest

from tests.core.worker.python.instances import Instances, Ran


def ran(folder: Path, body: str, instances: Instances, before: str = "") -> Ran:
    source = (
        f"{before}\nclass Default(WorkerEntrypoint):\n    async def fetch(self, request):\n        {body}\n"
    )
    return Ran(folder, source, instances)


async def test_fetch_straight_away_reaches_any_instance(tmp_path: Path) -> None:
    instances = Instances()
    await ran(tmp_path, "return await self.env.APP.fetch(request)", instances).get("/x?y")
    [(sub, target, _)] = instances.calls
    assert (sub.instance, sub.port, sub.operation, target) == ("", None, "", "/x?y")


@pytest.mark.parametrize(
    "stub",
    [
        "self.env.APP.get_by_name('anna')",
        "self.env.APP.getByName('anna')",
        "self.env.APP.get(self.env.APP.id_from_name('anna'))",
        "self.env.APP.get(self.env.APP.idFromName('anna'))",
        "get_container(self.env.APP, 'anna')",
    ],
)
async def test_without_a_class_a_name_goes_straight_to_the_instance(tmp_path: Path, stub: str) -> None:
    instances = Instances()
    assert await ran(tmp_path, f"return await {stub}.fetch(request)", instances).get("/x") == (
        200,
        "anna answers GET /x",
    )
    assert instances.operations == ["fetch"]


async def test_one_object_serves_a_name_and_another_a_different_one(tmp_path: Path) -> None:
    before = "class App(Container):\n    def me(self): return id(self)"
    body = (
        "of = self.env.APP.get_by_name; "
        "return Response.json([await of('a').me(), await of('a').me(), await of('b').me()])"
    )
    _, text = await ran(tmp_path, body, Instances(), before).get()
    first, again, other = text.strip("[]").split(",")
    assert first == again != other


async def test_ids_are_of_a_name_and_look_like_the_platforms(tmp_path: Path) -> None:
    body = (
        "a, b = self.env.APP.id_from_name('a'), self.env.APP.id_from_name('a'); "
        "c = self.env.APP.new_unique_id(); "
        "return Response(f'{a.equals(b)} {a.equals(c)} {len(str(a))} {len(str(c))} {str(a) == str(b)}')"
    )
    assert (await ran(tmp_path, body, Instances()).get())[1] == "True False 64 64 True"


async def test_what_is_no_id_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"env\.APP\.get_by_name\(name\)"):
        await ran(tmp_path, "return await self.env.APP.get('anna').fetch(request)", Instances()).get()


async def test_a_module_of_the_workers_own_called_containers_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "containers").mkdir()
    (tmp_path / "worker.py").write_text("import sys\n")
    import sys

    from core.worker.python.loader import load_module

    kept = sys.modules.pop("containers", None)
    try:
        load_module(tmp_path / "worker.py", {})
        assert "containers" not in sys.modules
    finally:
        if kept is not None:
            sys.modules["containers"] = kept


async def test_without_a_declared_class_a_binding_finds_the_one_of_its_name(tmp_path: Path) -> None:
    classes = (
        "class Other(Container): pass\n\n\nclass AP(Container):\n    def who(self):\n        return 'other'\n"
        "\n\nclass App(Container):\n    def who(self):\n        return 'mine'\n\n"
    )
    body = "return Response(await self.env.APP.getByName('a').who())"
    entrypoint = f"class Default(WorkerEntrypoint):\n    async def fetch(self, request):\n        {body}\n"
    ran_with = Ran(tmp_path, f"{classes}\n{entrypoint}", Instances(), class_name="")
    assert (await ran_with.get())[1] == "mine"
