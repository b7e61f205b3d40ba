import tomllib
from collections.abc import Iterator
from typing import Any

import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from core.model.mistakes import KeyPath
from core.model.positions import line_numbers, line_of

TEXT = '''\
name = "shop" # = [ not a value
worker.main = "a.py"
latency = """
x = 1
"""

[[containers]]
binding = 'A#"'
env = { A = "}", "b c" = '=' }
command = [
  "x", # ]
  "]",
]
[[containers]]
binding = "B"
[containers.env]
C = "1"
[traffic]
paths = [ { path = "/" },
  { path = "/b" } ]
[traffic.cities]
"São Paulo" = 1
'''


def test_every_kind_of_value_has_its_line() -> None:
    lines = line_numbers(TEXT)
    expected: dict[KeyPath, int] = {
        ("name",): 1,
        ("worker",): 2,
        ("worker", "main"): 2,
        ("latency",): 3,
        ("containers",): 7,
        ("containers", 0): 7,
        ("containers", 0, "binding"): 8,
        ("containers", 0, "env", "b c"): 9,
        ("containers", 0, "command"): 10,
        ("containers", 0, "command", 1): 12,
        ("containers", 1): 14,
        ("containers", 1, "env"): 16,
        ("containers", 1, "env", "C"): 17,
        ("traffic", "paths", 0, "path"): 19,
        ("traffic", "paths", 1, "path"): 20,
        ("traffic", "cities", "São Paulo"): 22,
    }
    assert {path: lines.get(path) for path in expected} == expected


def test_a_path_that_is_not_there_has_the_line_of_what_is_around_it() -> None:
    lines = line_numbers(TEXT)
    assert line_of(lines, ("containers", 1, "image")) == 14
    assert line_of(lines, ("regions", 0, "id")) == 1


def test_a_list_of_tables_inside_a_list_of_tables_belongs_to_the_latest() -> None:
    lines = line_numbers("[[a]]\n[[a.b]]\n[[a.b]]\nx = 1\n[[a]]\n[[a.b]]\nx = 2\n")
    assert lines[("a", 0, "b", 1, "x")] == 4
    assert lines[("a", 1, "b", 0, "x")] == 7


KEYS = st.text(min_size=1, max_size=6).filter(lambda key: key.isprintable())
SCALARS = (
    st.integers(-9, 9) | st.booleans() | st.text(max_size=8) | st.sampled_from(['"""', "'''", "#", "[{="])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def paths_of(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    if path:
        yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, inner in parts:
        yield from paths_of(inner, (*path, part))


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_every_path_that_the_parser_sees_has_a_line_of_the_text(values: dict[str, Any]) -> None:
    text = tomlkit.dumps(values).replace("\r\n", "\n")
    lines = line_numbers(text)
    for path in paths_of(tomllib.loads(text)):
        assert 1 <= lines[path] <= text.count("\n") + 1
