"""The header fields that the edge sets: towards the Worker, towards a container, and in the answer."""

from core.edge.visitor import VISITOR_CITY, Visitor
from core.http.messages import Headers

CONNECTING_IP = b"127.0.0.1"
"""Every visitor really comes from this machine, whatever city it stands for."""

SET_BY_THE_EDGE = frozenset(
    {
        VISITOR_CITY,
        b"cf-connecting-ip",
        b"cf-connecting-ipv6",
        b"cf-connecting-o2o",
        b"cf-ew-via",
        b"cf-ipcity",
        b"cf-ipcountry",
        b"cf-ray",
        b"cf-visitor",
        b"cf-worker",
        b"true-client-ip",
    }
)
"""Fields that a visitor cannot set: what they say of themselves under these names is dropped."""

_FORWARDED_FOR = b"x-forwarded-for"
_FORWARDED_PROTOCOL = b"x-forwarded-proto"


class EdgeFields:
    """The fields of one request that the edge sets."""

    __slots__ = ("ray", "visitor")

    def __init__(self, trace_id: str, visitor: Visitor) -> None:
        self.visitor = visitor
        self.ray = f"{trace_id}-{visitor.location.code}".encode()

    def towards_worker(self, headers: Headers) -> Headers:
        """Return a visitor's fields as the Worker gets them; x-forwarded-for grows by one address."""
        came_by: list[bytes] = []
        kept: Headers = []
        for field in headers:
            name = field[0].lower()
            if name == _FORWARDED_FOR:
                came_by.append(field[1])
            elif name != _FORWARDED_PROTOCOL and name not in SET_BY_THE_EDGE:
                kept.append(field)
        chain = b", ".join([*came_by, CONNECTING_IP])
        return [*kept, *self._own(), (_FORWARDED_FOR, chain), (_FORWARDED_PROTOCOL, b"http")]

    def towards_container(self, headers: Headers) -> Headers:
        """Return the fields of a Worker's request as the container gets them.

        What a Worker says about forwarding is its own word; it is filled in where it says nothing.
        """
        names = {name.lower() for name, _ in headers}
        kept = [field for field in headers if field[0].lower() not in SET_BY_THE_EDGE]
        kept += self._own()
        if _FORWARDED_FOR not in names:
            kept.append((_FORWARDED_FOR, CONNECTING_IP))
        if _FORWARDED_PROTOCOL not in names:
            kept.append((_FORWARDED_PROTOCOL, b"http"))
        return kept

    def of_answer(self, headers: Headers) -> Headers:
        """Return the fields of an answer as the visitor gets them."""
        return [*(field for field in headers if field[0].lower() != b"cf-ray"), (b"cf-ray", self.ray)]

    def _own(self) -> Headers:
        return [
            (b"cf-ray", self.ray),
            (b"cf-connecting-ip", CONNECTING_IP),
            (b"cf-ipcity", self.visitor.city.encode()),
            (b"cf-ipcountry", self.visitor.country_code.encode()),
        ]
