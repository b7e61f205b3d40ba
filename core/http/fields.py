"""Header fields that belong to one connection, not to the message (RFC 9110, section 7.6.1)."""

from core.http.messages import Headers, find_header

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_ORDINARY_TOKENS = frozenset({b"keep-alive", b"close", b"upgrade", b"te", b""})


def connection_tokens(headers: Headers) -> list[bytes]:
    """Return what the connection fields list, in lower case."""
    return [
        token.strip().lower()
        for name, value in headers
        if name.lower() == b"connection"
        for token in value.split(b",")
    ]


def asked_upgrade(headers: Headers) -> bytes | None:
    """Return the protocol that the message asks to switch to, in lower case, or None."""
    protocol = find_header(headers, b"upgrade")
    if protocol is None or b"upgrade" not in connection_tokens(headers):
        return None
    return protocol.lower()


def end_to_end(headers: Headers) -> Headers:
    """Return the fields that pass on, byte for byte and in order."""
    kept = [field for field in headers if field[0].lower() not in HOP_BY_HOP]
    if len(kept) == len(headers):
        return headers
    named = set(connection_tokens(headers)) - _ORDINARY_TOKENS
    if named:
        kept = [field for field in kept if field[0].lower() not in named]
    return kept
