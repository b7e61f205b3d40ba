"""Keeps secrets out of events: configured ones, and those that requests under way carry in their fields."""

import base64
import json
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from urllib.parse import quote, quote_plus

import msgspec

from core.clock import Clock
from core.events.types import (
    AnyEvent,
    ColdStart,
    Hop,
    InstanceChanged,
    Notice,
    PhaseBegan,
    RegionChanged,
    RequestFinished,
    WorkerChanged,
    WorkerLogged,
)
from core.http.messages import Headers

SHORTEST = 4
"""Shorter values are left alone: they would be found in every text."""
SHORTEST_COOKIE = 8
SHORTEST_SHIFTED = 8
"""From this length on a secret is also found within other text that was put into base64 with it."""
SHORTEST_LINE = 16
"""Lines of a secret of several lines, such as a key, are each looked for from this length on."""
KEPT_AFTER_END_S = 30.0
"""How long the values of a request are known after its end, for what its Worker prints late."""
MOST_ENDED = 256
"""Of how many requests at most that have ended."""
MOST_OBJECT_NAMES = 1024
"""How many names of instances are remembered that held a value of a request."""

_LAST_RESORT = "***"
_PASSES = 3
_ESCAPE = re.compile("%..")
_WHOLE_FIELDS = frozenset({b"x-api-key", b"api-key", b"x-auth-token"})
_TEXTS: dict[type, tuple[str, ...]] = {
    WorkerLogged: ("message",),
    WorkerChanged: ("message",),
    RequestFinished: ("method", "path", "error"),
    Notice: ("subject", "message", "advice"),
    InstanceChanged: ("reason",),
    ColdStart: ("reason",),
    PhaseBegan: ("detail",),
    RegionChanged: ("message", "advice"),
}
"""The fields of each event that can hold anybody's text."""

Known = Iterable[tuple[str, str]]
"""Values, and the names that stand in their place."""


class Redactor:
    """Puts ``[NAME]`` in the place of values that nobody may read."""

    def __init__(self, values: Known) -> None:
        """Look for ``values`` in all the forms in which programs print them."""
        self.values = tuple(values)
        names: dict[str, str] = {}
        for value, name in self.values:
            for form in forms(value):
                names.setdefault(form, f"[{name}]")
        self._names = dict(sorted(names.items(), key=lambda pair: -len(pair[0])))
        found = "|".join(map(re.escape, self._names))
        self._pattern = re.compile(found) if found else None
        self._stand_ins = {form: self._harmless(name) for form, name in self._names.items()}

    def text(self, text: str) -> str:
        """Return the text without any of the values; the very same text when it holds none."""
        pattern = self._pattern
        if pattern is None or pattern.search(text) is None:
            return text
        for _ in range(_PASSES):
            text = pattern.sub(lambda found: self._stand_ins[found[0]], text)
            if pattern.search(text) is None:
                return text
        # A stand-in and the text beside it can make a value again; then the whole text goes.
        return self._harmless("[redacted]")

    def _harmless(self, stand_in: str) -> str:
        """Return a stand-in that holds none of the values itself."""
        pattern = self._pattern
        if pattern is None or pattern.search(stand_in) is None:
            return stand_in
        return _LAST_RESORT


def secrets_redactor(secrets: Mapping[str, str]) -> Redactor:
    """Return the redactor of configured secrets: each becomes ``[secret NAME]``."""
    return Redactor((value, f"secret {name}") for name, value in secrets.items())


@lru_cache(maxsize=1024)
def forms(value: str) -> tuple[str, ...]:
    """Return a value as programs print it: plain, in a URL, in JSON, in base64, line by line.

    No form of a value of one line is shorter than the value.
    """
    return tuple(dict.fromkeys(_forms(value))) if len(value) >= SHORTEST else ()


def _forms(value: str) -> Iterator[str]:
    data = value.encode("utf-8", "surrogatepass")
    yield value
    for encoded in (quote(data), quote(data, safe=""), quote_plus(data)):
        yield encoded
        yield _ESCAPE.sub(lambda found: found[0].lower(), encoded)
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield from _base64_forms(data)
    lines = [line.strip() for line in value.splitlines()]
    if len(lines) > 1:
        yield from (one for one in lines if len(one) >= SHORTEST_LINE and not one.startswith("-----"))


def _base64_forms(data: bytes) -> Iterator[str]:
    shifts = range(3) if len(data) >= SHORTEST_SHIFTED else range(1)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for shift in shifts:
            encoded = encode(b"\0" * shift + data).decode().rstrip("=")
            # The first and last letters depend on the neighbours too.
            start = (shift * 8 + 5) // 6
            end = None if (shift + len(data)) % 3 == 0 or len(data) < SHORTEST_SHIFTED else -1
            yield encoded[start:end]


class RequestSecrets:
    """What requests under way, and those that ended just now, carry in their fields."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_trace: dict[str, dict[str, str]] = {}
        self._names: dict[str, str] = {}
        self._uses: Counter[str] = Counter()
        self._ended: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._by_trace)

    def remember(self, trace_id: str, headers: Headers) -> None:
        """Take the values of a request's, or of an answer's, fields."""
        for value, name in values_in(headers):
            known = self._by_trace.setdefault(trace_id, {})
            if len(value) >= SHORTEST and value not in known:
                known[value] = self._names[value] = name
                self._uses[value] += 1

    def ended(self, trace_id: str) -> None:
        """Note that a request has ended; its values are forgotten some time later."""
        now_s = self._clock.now_s()
        if trace_id in self._by_trace:
            self._ended[trace_id] = now_s
        while self._ended:
            oldest = next(iter(self._ended))
            if len(self._ended) <= MOST_ENDED and now_s - self._ended[oldest] < KEPT_AFTER_END_S:
                return
            del self._ended[oldest]
            self._forget(oldest)

    def of(self, trace_id: str) -> Mapping[str, str]:
        """Return the values of one request, each with its name."""
        return self._by_trace.get(trace_id, {})

    def all(self) -> Mapping[str, str]:
        """Return the values of all requests known, each with its name."""
        return self._names

    def _forget(self, trace_id: str) -> None:
        for value in self._by_trace.pop(trace_id, {}):
            self._uses[value] -= 1
            if not self._uses[value]:
                del self._uses[value], self._names[value]


def values_in(headers: Headers) -> Iterator[tuple[str, str]]:
    """Yield the values in a message's fields that nobody may read, each with the name of its field."""
    for raw_name, raw_value in headers:
        name = raw_name.lower()
        if name in (b"authorization", b"proxy-authorization"):
            yield from _credentials(_field_name(name), raw_value.decode("utf-8", "replace").strip())
        elif name in (b"cookie", b"set-cookie"):
            yield from _cookies(_field_name(name), raw_value.decode("utf-8", "replace").strip())
        elif name in _WHOLE_FIELDS or name.startswith(b"cf-access-"):
            yield raw_value.decode("utf-8", "replace").strip(), _field_name(name)


def _field_name(name: bytes) -> str:
    return "-".join(part.capitalize() for part in name.decode("latin-1").split("-"))


def _credentials(name: str, value: str) -> Iterator[tuple[str, str]]:
    yield value, name
    scheme, _, token = value.partition(" ")
    token = token.strip()
    if token:
        yield token, name
    if scheme.lower() == "basic":
        try:
            user_and_password = base64.b64decode(token, validate=True).decode()
        except ValueError:
            return
        yield user_and_password, name
        yield user_and_password.partition(":")[2], name


def _cookies(name: str, value: str) -> Iterator[tuple[str, str]]:
    yield value, name
    pairs = value.split(";")
    for pair in pairs[:1] if name == "Set-Cookie" else pairs:
        content = pair.partition("=")[2].strip().strip('"')
        if len(content) >= SHORTEST_COOKIE:
            yield content, name


class EventRedactor:
    """Takes secrets out of events on their way to the bus."""

    def __init__(self, secrets: Mapping[str, str], requests: RequestSecrets) -> None:
        self._configured = secrets_redactor(secrets)
        self._requests = requests
        self._object_names: dict[str, str] = {}

    def __call__(self, event: AnyEvent) -> AnyEvent:
        """Return the event without secrets; the very same event when it holds none."""
        fields = _TEXTS.get(type(event))
        if fields is None:
            return event
        clean = self._cleaner(event)
        changes: dict[str, object] = {}
        for field in fields:
            text: str = getattr(event, field)
            if text and (cleaned := clean(text)) is not text:
                changes[field] = cleaned
        if isinstance(event, InstanceChanged) and event.object_name:
            changes |= self._object_name(event.object_name, clean)
        elif isinstance(event, RequestFinished):
            if (trace := _clean_trace(event.trace, clean)) is not event.trace:
                changes["trace"] = trace
            self._requests.ended(event.trace_id)
        return msgspec.structs.replace(event, **changes) if changes else event

    def text(self, text: str) -> str:
        """Return any text without configured secrets and without those of all requests known."""
        return self._without(text, {}, self._requests.all())

    def _object_name(self, name: str, clean: Callable[[str], str]) -> dict[str, str]:
        """Return the change to an instance's name: it outlives the request whose value it may hold."""
        cleaned = self._object_names.get(name) or clean(name)
        if cleaned == name:
            return {}
        self._object_names[name] = cleaned
        if len(self._object_names) > MOST_OBJECT_NAMES:
            del self._object_names[next(iter(self._object_names))]
        return {"object_name": cleaned}

    def _cleaner(self, event: AnyEvent) -> Callable[[str], str]:
        """Return what cleans the event's texts: a request's end is told often, and holds its own alone."""
        own: Mapping[str, str] = {}
        if isinstance(event, RequestFinished | WorkerLogged):
            own = self._requests.of(event.trace_id)
        others = {} if isinstance(event, RequestFinished) else self._requests.all()
        if not own and not others:
            return self._configured.text
        return lambda text: self._without(text, own, others)

    def _without(self, text: str, own: Mapping[str, str], others: Mapping[str, str]) -> str:
        """Look for a request's own values in all forms, and for those of others as they are."""
        near = [(value, own[value]) for value in own if _may_hold(text, value)]
        near += [(value, others[value]) for value in others if value in text]
        if not near:
            return self._configured.text(text)
        return Redactor([*self._configured.values, *near]).text(text)


def _may_hold(text: str, value: str) -> bool:
    return len(text) >= len(value) and any(form in text for form in forms(value))


def _clean_trace(trace: tuple[Hop, ...], clean: Callable[[str], str]) -> tuple[Hop, ...]:
    details = "\n".join(hop.detail for hop in trace)
    if clean(details) is details:
        return trace
    return tuple(msgspec.structs.replace(hop, detail=clean(hop.detail)) for hop in trace)


class LogRedactor(logging.Filter):
    """Takes secrets out of the engine's own log, tracebacks included."""

    def __init__(self, clean: Callable[[str], str]) -> None:
        super().__init__()
        self._clean = clean

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, cleaned."""
        record.msg, record.args = self._clean(record.getMessage()), None
        if record.exc_info:
            record.exc_text = self._clean(logging.Formatter().formatException(record.exc_info))
        return True
