"""Headers: names without regard to case, values as they are, nothing that breaks the framing."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.worker.python.sdk.workers import Headers

NAMES = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=20)
VALUES = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=30
)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=10))
def test_what_is_appended_is_found_in_order_whatever_the_case(fields: list[tuple[str, str]]) -> None:
    headers = Headers(fields)
    for name, _ in fields:
        same = [value.strip(" \t\r\n") for other, value in fields if other.lower() == name.lower()]
        assert headers.get_all(name.upper()) == same
        assert headers.get(name.lower()) == ", ".join(same)
    assert len(headers.raw) == len(fields)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=10), NAMES, VALUES)
def test_set_leaves_one_value_and_delete_none(fields: list[tuple[str, str]], name: str, value: str) -> None:
    headers = Headers(fields)
    headers.set(name, value)
    assert headers.get_all(name.swapcase()) == [value.strip(" \t\r\n")]
    headers.delete(name.upper())
    assert name not in headers


@given(st.lists(st.tuples(NAMES, VALUES), max_size=10))
def test_a_copy_is_independent(fields: list[tuple[str, str]]) -> None:
    headers = Headers(fields)
    copy = Headers(headers)
    copy["x-new"] = "1"
    assert len(copy.raw) >= 1
    assert headers.raw == Headers(fields).raw


@pytest.mark.parametrize(
    ("name", "value"),
    [("a b", "x"), ("", "x"), ("a\r\n", "x"), ("a", "x\r\ny: z"), ("a", "x\0"), ("a", "\N{SNOWMAN}")],
)
def test_a_field_that_would_break_the_framing_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="header"):
        Headers({name: value})


def test_a_missing_field_is_none_or_the_default_or_a_key_error() -> None:
    headers = Headers()
    assert headers.get("x") is None
    assert headers.get("x", "y") == "y"
    with pytest.raises(KeyError):
        headers["x"]
