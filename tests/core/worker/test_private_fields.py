"""Nobody but the engine and its isolate may set the fields between them."""

from core.worker.private_fields import BINDING, FAILED, SUB_REQUEST, TRACE_ID, without_private


def test_private_fields_are_taken_out_however_they_are_written() -> None:
    sent = [(TRACE_ID, b"1"), (SUB_REQUEST.upper(), b"2"), (BINDING.title(), b"APP"), (FAILED, b"1101")]
    assert without_private(sent) == []


def test_all_other_fields_stay_byte_for_byte_and_in_order() -> None:
    others = [
        (b"Set-Cookie", b"a"),
        (b"set-cookie", b"b"),
        (b"x-hybrid-tui-trace-id", b"c"),
        (b"hybrid", b"d"),
    ]
    assert without_private([others[0], (TRACE_ID, b"1"), *others[1:]]) == others
