"""The tail of a program's output: the last lines, bounded."""

import os

from core.containers.drivers.process.tail import LINE_BYTES, Tail


async def test_the_last_lines_that_are_not_blank_are_kept() -> None:
    tail = Tail()
    writing = os.dup(tail.writing)
    tail.follow()
    os.write(writing, b"one\n\ntwo\r\nthree\n  \nfour")
    assert tail.last_words(3) == "two | three | four"
    os.close(writing)
    tail.close()
    assert tail.last_words(1) == "four"


async def test_a_line_without_end_is_cut() -> None:
    tail = Tail()
    os.write(tail.writing, b"x" * 5000)
    assert len(tail.last_words()) == LINE_BYTES
    tail.close()


async def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    tail = Tail()
    os.write(tail.writing, b"\xff\xfe boom\n")
    assert tail.last_words().endswith("boom")
    tail.close()
