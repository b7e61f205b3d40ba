"""Fields of one connection do not pass on; all others do, untouched."""

from hypothesis import given
from hypothesis import strategies as st

from core.http.fields import HOP_BY_HOP, asked_upgrade, connection_tokens, end_to_end

ORDINARY = st.sampled_from([b"Host", b"X-A", b"cookie", b"Content-Length", b"Accept"])
CONNECTIONS = st.sampled_from([b"close", b"keep-alive, X-A", b"X-A,Cookie", b"Upgrade", b""])
FIELD = st.one_of(
    st.tuples(ORDINARY, st.binary(max_size=5)),
    st.tuples(st.just(b"Connection"), CONNECTIONS),
    st.tuples(st.sampled_from(sorted(HOP_BY_HOP)).map(bytes.title), st.just(b"x")),
)


@given(st.lists(FIELD, max_size=10))
def test_what_passes_is_in_order_and_names_nothing_of_the_connection(
    fields: list[tuple[bytes, bytes]],
) -> None:
    passed = end_to_end(fields)
    named = {*HOP_BY_HOP, *connection_tokens(fields)} - {b""}
    assert passed == [field for field in fields if field[0].lower() not in named]


@given(st.lists(FIELD, max_size=10))
def test_passing_twice_changes_nothing_more(fields: list[tuple[bytes, bytes]]) -> None:
    assert end_to_end(end_to_end(fields)) == end_to_end(fields)


def test_an_upgrade_needs_both_fields() -> None:
    upgrade = (b"Upgrade", b"WebSocket")
    assert asked_upgrade([upgrade, (b"Connection", b"keep-alive, Upgrade")]) == b"websocket"
    assert asked_upgrade([upgrade]) is None
    assert asked_upgrade([(b"Connection", b"Upgrade")]) is None
