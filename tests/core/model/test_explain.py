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
        ({"profile": "beta"}, ("profile",), 'write "ga"'),
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


def test_a_long_value_is_cut() -> None:
    assert len(shown("x" * 200)) == 60


def test_keys_of_the_loader_are_not_offered() -> None:
    assert "folder" not in written_keys(Deployment)
