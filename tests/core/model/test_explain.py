from typing import Any, cast

import pytest
from pydantic import ValidationError

from core.model.deployment import Deployment
from core.model.explain import Report, explain, shown, written_keys
from core.model.mistakes import KeyPath, Mistake

LEAST: dict[str, Any] = {
    "name": "shop",
    "worker": "w.py",
    "containers": [{"binding": "APP", "image": "nginx"}],
}


def explained(raw: dict[str, Any]) -> list[Mistake]:
    with pytest.raises(ValidationError) as caught:
        Deployment.model_validate(raw)
    return explain(cast(list[Report], caught.value.errors(include_url=False)), raw, Deployment)


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        ({"name": "Shop"}, ("name",), "lower-case letters, digits and hyphens"),
        ({"worker": 3}, ("worker",), "3 is not allowed; write a table"),
        ({"worker": {}}, ("worker", "main"), 'is missing; write main = "worker.py"'),
        ({"containers": []}, ("containers",), "write at least 1 of them"),
        ({"containers": {"binding": "A"}}, ("containers",), "[[containers]] in place of [containers]"),
        ({"containers": [{"binding": "A"}]}, ("containers", 0), "a container needs an image"),
        ({"latency": "fast"}, ("latency",), '"fast" is not allowed; write "real" or "off" or a number'),
        ({"latency": -1}, ("latency",), "at least 0"),
        ({"latency": 101}, ("latency",), "at most 100"),
        ({"profile": "bta"}, ("profile",), 'write "ga" or "beta"'),
        ({"bindings": {"vars": {"A": 1}}}, ("bindings", "vars", "A"), 'write text in quotes: "1"'),
        ({"bindings": {"vars": {"A": True}}}, ("bindings", "vars", "A"), 'write text in quotes: "true"'),
        ({"bindings": {"vars": "A=1"}}, ("bindings", "vars"), "write a table"),
        ({"traffic": {"cities": {"Tokyo": 0}}}, ("traffic", "cities", "Tokyo"), "a number above 0"),
        ({"scaling": {"instances": 1.5}}, ("scaling", "instances"), "a whole number"),
    ],
)
def test_a_mistake_says_what_is_allowed(change: dict[str, Any], path: KeyPath, message: str) -> None:
    (mistake,) = explained(LEAST | change)
    assert mistake.path == path
    assert message in mistake.message


def test_a_command_written_as_text_is_shown_as_a_list() -> None:
    (mistake,) = explained(LEAST | {"containers": [{"binding": "A", "command": "python 'a b.py'"}]})
    assert mistake.message.endswith('write a list: ["python", "a b.py"]')


def test_a_command_with_an_open_quote_is_still_explained() -> None:
    (mistake,) = explained(LEAST | {"containers": [{"binding": "A", "command": "python 'a"}]})
    assert "write a list" in mistake.message


def test_a_table_that_is_wrong_inside_is_not_called_empty_too() -> None:
    found = explained(LEAST | {"containers": [{"binding": "a b", "image": "x"}]})
    assert [one.path for one in found] == [("containers", 0, "binding")]


def own_type(**values: object) -> dict[str, Any]:
    return {"containers": [{"binding": "A", "image": "x", "instance_type": values}]}


def test_a_mistake_inside_an_instance_type_of_ones_own_has_its_place() -> None:
    found = explained(LEAST | own_type(vcpu=1, memry_mib=4096, disk_mb=1))
    path: KeyPath = ("containers", 0, "instance_type")
    assert [one.path for one in found] == [(*path, "memory_mib"), (*path, "memry_mib")]
    assert found[1].nearest == "memory_mib"


@pytest.mark.parametrize(
    ("profile", "words"), [("ga", "no GPU instance type"), ("beta", "no GPU in the beta yet")]
)
@pytest.mark.parametrize("key", ["gpu", "gpus", "gpu_memory_mib", "GPU"])
def test_a_gpu_is_refused_in_the_words_of_the_profile(profile: str, words: str, key: str) -> None:
    asked = {"binding": "A", "image": "x", key: 1}
    (mistake,) = explained(LEAST | {"profile": profile, "containers": [asked]})
    assert mistake.path == ("containers", 0, key)
    assert words in mistake.message
    assert f"profile {profile}: " in mistake.message


def test_a_gpu_is_refused_inside_an_instance_type_too() -> None:
    (mistake,) = explained(LEAST | own_type(vcpu=1, memory_mib=4096, disk_mb=1, gpu="any"))
    assert mistake.path == ("containers", 0, "instance_type", "gpu")
    assert "no GPU instance type" in mistake.message


def test_a_price_that_is_no_number_is_explained() -> None:
    (mistake,) = explained(LEAST | {"prices": {"container_hour_usd": "cheap"}})
    assert mistake.message == '"cheap" is not allowed; write a number'


def test_a_long_value_is_cut() -> None:
    assert len(shown("x" * 200)) == 60


def test_keys_of_the_loader_are_not_offered() -> None:
    assert "folder" not in written_keys(Deployment)
