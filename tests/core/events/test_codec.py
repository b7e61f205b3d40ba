"""An event is one line of JSON, is read back as it was, and is what the schema says."""

import json

import msgspec
import pytest
from hypothesis import given

from core.events.codec import decode, encode, schema
from core.events.types import EVENT_TYPES, AnyEvent
from tests import streams
from tests.core.events.examples import events


@given(events)
def test_an_event_is_read_back_as_it_was_from_one_line(event: AnyEvent) -> None:
    line = encode(event)
    assert b"\n" not in line
    assert decode(line) == event
    assert decode(line.decode()) == event


@given(events)
def test_every_line_says_what_it_is_and_when(event: AnyEvent) -> None:
    read = json.loads(encode(event))
    assert read["time_s"] == event.time_s
    assert read["type"] == type(event).__struct_config__.tag


def test_every_type_has_a_name_of_its_own_and_a_part_in_the_schema() -> None:
    tags = {kind.__struct_config__.tag for kind in EVENT_TYPES}
    assert len(tags) == len(EVENT_TYPES)
    assert set(schema()["discriminator"]["mapping"]) == tags


def test_the_schema_describes_the_fields_of_a_request() -> None:
    described = schema()
    assert described["$schema"].startswith("https://json-schema.org/")
    request = described["$defs"]["RequestFinished"]
    for event in streams.quiet():
        read = json.loads(encode(event))
        if read["type"] == "request":
            assert set(read) <= set(request["properties"])
            assert set(request["required"]) <= set(read)


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b'{"type": "nothing"}', b'{"type": "notice"}'])
def test_what_is_no_event_is_refused(line: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(line)
