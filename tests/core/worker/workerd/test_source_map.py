"""Positions in compiled modules lead back to the source."""

import base64
import json

import pytest

from core.worker.workerd.source_map import SourceMap, split_inline_map

# Line 1 is empty; line 2 has column 1 from 3:5 and column 9 from 3:17; line 3 has column 3 from 2:1.
MAP = SourceMap(";AAEI,QAAY;EADhB")


@pytest.mark.parametrize(
    ("compiled", "source"),
    [((2, 1), (3, 5)), ((2, 8), (3, 5)), ((2, 9), (3, 17)), ((2, 99), (3, 17)), ((3, 3), (2, 1))],
)
def test_a_position_belongs_to_the_segment_before_it(
    compiled: tuple[int, int], source: tuple[int, int]
) -> None:
    assert MAP.original(*compiled) == source


@pytest.mark.parametrize("position", [(1, 1), (3, 1), (9, 1), (0, 1)])
def test_where_the_map_is_silent_positions_stay(position: tuple[int, int]) -> None:
    assert MAP.original(*position) == position


def test_a_map_at_the_end_is_taken_off() -> None:
    data = base64.b64encode(json.dumps({"mappings": "AAEI"}).encode()).decode()
    text, found = split_inline_map(f"a;\n//# sourceMappingURL=data:application/json;base64,{data}\n")
    assert text == "a;\n"
    assert found is not None
    assert found.original(1, 1) == (3, 5)


def test_a_text_without_a_map_stays() -> None:
    assert split_inline_map("a;\n") == ("a;\n", None)
