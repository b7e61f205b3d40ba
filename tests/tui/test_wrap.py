"""Breaking text into lines."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tui.panes.rows import cells
from tui.wrap import wrapped


@settings(max_examples=300)
@given(st.text(max_size=120), st.integers(2, 40))
@example("00000\U000e0100", 2)
def test_no_line_is_too_wide_and_no_letter_is_lost(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert all(cells(line) <= width for line in lines)
    assert all(line.isprintable() for line in lines)


@given(st.text(alphabet="ab c\n", max_size=80), st.integers(1, 30))
def test_all_letters_stay_in_order(text: str, width: int) -> None:
    kept = "".join(wrapped(text, width)).replace(" ", "")
    assert kept == text.replace(" ", "").replace("\n", "")


def test_lines_break_between_words() -> None:
    assert wrapped("port 8080 did not answer", 10) == ["port 8080", "did not", "answer"]


def test_indented_lines_stay_indented_when_they_break() -> None:
    stack = "TypeError: no items\n    at basketTotal (worker.ts:48:31)"
    assert wrapped(stack, 22) == ["TypeError: no items", "    at basketTotal", "    (worker.ts:48:31)"]
    assert wrapped("          deep", 9) == ["   deep"]
