"""No secret gets through, whatever stands around it; and what holds none is left as it is."""

import base64
import json
import logging
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import VirtualClock
from core.events.types import (
    ColdStart,
    Hop,
    InstanceChanged,
    IsolateSample,
    Notice,
    RequestFinished,
    WorkerChanged,
    WorkerLogged,
)
from core.http.messages import Headers
from core.redaction import (
    KEPT_AFTER_END_S,
    MOST_ENDED,
    MOST_OBJECT_NAMES,
    SHORTEST,
    EventRedactor,
    LogRedactor,
    Redactor,
    RequestSecrets,
    secrets_redactor,
)

TRACE = "ab" * 8
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
values = st.text(st.characters(exclude_categories=["Cs"]), min_size=SHORTEST, max_size=40)
tricky = st.text(alphabet="[]secrt A*da", min_size=SHORTEST, max_size=10)
"""Values made of what stands in their place."""


@given(
    st.dictionaries(st.text("ABC", min_size=1), values | tricky, max_size=4), st.lists(st.text()), st.data()
)
def test_no_secret_gets_through(secrets: dict[str, str], around: list[str], data: st.DataObject) -> None:
    words = [*around, *secrets.values()]
    text = "".join(data.draw(st.permutations(words)))
    clean = secrets_redactor(secrets).text(text)
    assert [value for value in secrets.values() if value in clean] == []


@given(values, st.binary(max_size=7), st.binary(max_size=7))
def test_no_secret_gets_through_in_base64_or_percent_encoding(
    value: str, before: bytes, after: bytes
) -> None:
    redactor = secrets_redactor({"KEY": value})
    data = value.encode()
    for encoded in (
        quote(value),
        quote(value, safe=""),
        base64.b64encode(data).decode(),
        json.dumps(value)[1:-1],
    ):
        assert encoded not in redactor.text(f"at {encoded} end")
    if len(data) >= 8:
        whole = base64.b64encode(before + data + after).decode()
        assert redactor.text(whole) != whole


@given(st.text("abcdefgh \n/%"), st.dictionaries(st.text(min_size=1), st.text("XYZ", min_size=SHORTEST)))
def test_a_text_without_secrets_is_the_very_same(text: str, secrets: dict[str, str]) -> None:
    assert secrets_redactor(secrets).text(text) is text


def test_the_longest_secret_goes_first_and_each_has_its_name() -> None:
    redactor = secrets_redactor({"SHORT": "hunter2", "LONG": "hunter2-and-more", "TINY": "abc"})
    assert redactor.text("hunter2-and-more, hunter2, abc") == "[secret LONG], [secret SHORT], abc"


def test_a_stand_in_never_holds_a_secret_itself() -> None:
    redactor = secrets_redactor({"A": "secret", "B": "z[se"})
    assert redactor.text("secret") == "***"
    assert "z[se" not in secrets_redactor({"A": "hunter2", "B": "z[se"}).text("zhunter2")


def test_each_line_of_a_key_is_found() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcw\n-----END PRIVATE KEY-----"
    clean = secrets_redactor({"PEM": key}).text(
        "line MIIEvQIBADANBgkqhkiG9w0B and -----BEGIN PRIVATE KEY-----"
    )
    assert clean == "line [secret PEM] and -----BEGIN PRIVATE KEY-----"


def test_no_values_change_nothing() -> None:
    assert Redactor(()).text("text") == "text"


def request_with(*fields: tuple[bytes, bytes]) -> tuple[EventRedactor, RequestSecrets]:
    """Return a redactor that knows a request under way with these fields, and hunter2 as API_KEY."""
    requests = RequestSecrets(VirtualClock())
    requests.remember(TRACE, list(fields))
    return EventRedactor({"API_KEY": "hunter2"}, requests), requests


def logged(message: str, trace_id: str = TRACE) -> WorkerLogged:
    return WorkerLogged(time_s=0.0, worker="shop", trace_id=trace_id, level="log", message=message)


@pytest.mark.parametrize(
    ("name", "value", "printed", "clean"),
    [
        (b"Authorization", f"Bearer {JWT}", f"Bearer {JWT}", "[Authorization]"),
        (b"authorization", f"Bearer {JWT}", f"token {JWT}.", "token [Authorization]."),
        (b"authorization", "Basic dXNlcjpwYXNzd29yZA==", "password", "[Authorization]"),
        (b"proxy-authorization", "Basic eDpodW50ZXI=", "eDpodW50ZXI=", "[Proxy-Authorization]"),
        (b"cookie", "a=1; session=0123456789", "s 0123456789", "s [Cookie]"),
        (b"cookie", "a=1; session=0123456789", "a=1; session=0123456789", "[Cookie]"),
        (b"cookie", "theme=dark", "dark", "dark"),
        (
            b"set-cookie",
            "session=0123456789; Path=/; HttpOnly",
            "0123456789 HttpOnly",
            "[Set-Cookie] HttpOnly",
        ),
        (b"x-api-key", "key-1234", "key-1234", "[X-Api-Key]"),
        (b"cf-access-jwt-assertion", JWT, JWT, "[Cf-Access-Jwt-Assertion]"),
        (b"accept", "text/html", "text/html", "text/html"),
    ],
)
def test_what_a_request_carries_is_taken_out_of_its_worker_s_log(
    name: bytes, value: str, printed: str, clean: str
) -> None:
    redactor, _ = request_with((name, value.encode()))
    event = redactor(logged(printed))
    assert isinstance(event, WorkerLogged)
    assert event.message == clean


def test_a_value_is_found_in_what_another_request_prints_too() -> None:
    redactor, _ = request_with((b"authorization", b"Bearer abcdefgh"))
    event = redactor(logged("kept from before: abcdefgh", "another"))
    assert isinstance(event, WorkerLogged)
    assert event.message == "kept from before: [Authorization]"


def test_every_event_with_a_text_is_cleaned() -> None:
    redactor, _ = request_with((b"x-api-key", b"key-1234"))
    text = "hunter2 and key-1234"
    for event, field in (
        (WorkerChanged(time_s=0.0, worker="w", runtime="deno", state="failed", message=text), "message"),
        (Notice(time_s=0.0, level="info", subject="s", message=text), "message"),
        (
            InstanceChanged(
                time_s=0.0,
                instance="a",
                container="a",
                region="r",
                driver="docker",
                state="failed",
                reason=text,
            ),
            "reason",
        ),
        (
            ColdStart(
                time_s=0.0,
                instance="a",
                container="a",
                region="r",
                driver="docker",
                start_s=0.0,
                total_ms=1.0,
                phases=(),
                waited=0,
                outcome="failed",
                reason=text,
            ),
            "reason",
        ),
    ):
        assert getattr(redactor(event), field) == "[secret API_KEY] and [X-Api-Key]"


def finished(path: str, error: str = "", detail: str = "") -> RequestFinished:
    return RequestFinished(
        time_s=0.0,
        trace_id=TRACE,
        method="GET",
        path=path,
        status=200,
        outcome="edge",
        city="Tokyo",
        edge_location="NRT",
        start_s=0.0,
        duration_ms=1.0,
        visitor_rtt_ms=1.0,
        error=error,
        trace=(Hop("edge", 0.0, 1.0, "measured", "NRT"), Hop("outbound", 0.0, 1.0, "measured", detail)),
    )


def test_a_secret_in_a_path_an_error_or_a_hop_is_taken_out() -> None:
    redactor, _ = request_with((b"cookie", b"id=a b c d e f"))
    event = redactor(finished("/reset/hunter2/a%20b%20c%20d%20e%20f", "no a b c d e f", "hunter2.example"))
    assert isinstance(event, RequestFinished)
    assert event.path == "/reset/[secret API_KEY]/[Cookie]"
    assert event.error == "no [Cookie]"
    assert [hop.detail for hop in event.trace] == ["NRT", "[secret API_KEY].example"]


def test_an_event_without_secrets_is_the_very_same() -> None:
    redactor, _ = request_with((b"cookie", b"id=a b c d e f"))
    for event in (finished("/api/me"), logged("hello")):
        assert redactor(event) is event
    sample = IsolateSample(
        time_s=0.0,
        worker="hunter2",
        isolate=1,
        memory_mib=1.0,
        resident_mib=1.0,
        heap_mib=1.0,
        memory_limit_mib=128.0,
        cpu_percent=0.0,
        in_flight=0,
    )
    assert redactor(sample) is sample


def test_a_request_s_values_are_known_some_time_after_its_end_and_then_forgotten() -> None:
    clock = VirtualClock()
    requests = RequestSecrets(clock)
    redactor = EventRedactor({}, requests)
    requests.remember(TRACE, [(b"x-api-key", b"key-1234")])
    redactor(finished("/"))
    late = redactor(logged("key-1234"))
    assert isinstance(late, WorkerLogged)
    assert late.message == "[X-Api-Key]"
    clock.advance(KEPT_AFTER_END_S)
    requests.ended("another")
    assert (len(requests), dict(requests.all())) == (0, {})


def test_an_instance_named_by_a_session_keeps_its_name_to_itself_for_good() -> None:
    clock = VirtualClock()
    requests = RequestSecrets(clock)
    redactor = EventRedactor({}, requests)
    requests.remember(TRACE, [(b"cookie", b"session=0123456789")])

    def changed(name: str) -> str:
        event = redactor(
            InstanceChanged(
                time_s=0.0,
                instance="a",
                container="a",
                region="r",
                driver="docker",
                state="ready",
                object_name=name,
            )
        )
        assert isinstance(event, InstanceChanged)
        return event.object_name

    assert changed("user-0123456789") == "user-[Cookie]"
    assert changed("anna") == "anna"
    requests.ended(TRACE)
    clock.advance(KEPT_AFTER_END_S)
    requests.ended("another")
    assert len(requests) == 0
    assert changed("user-0123456789") == "user-[Cookie]"
    for number in range(MOST_OBJECT_NAMES + 1):
        requests.remember("one", [(b"x-api-key", f"key-{number:04}".encode())])
        assert changed(f"key-{number:04}") == "[X-Api-Key]"


def test_few_ended_requests_are_remembered_and_every_one_under_way() -> None:
    requests = RequestSecrets(VirtualClock())
    fields: Headers = [(b"x-api-key", b"the same for all")]
    requests.remember("under way", fields)
    for number in range(2 * MOST_ENDED):
        requests.remember(str(number), fields)
        requests.ended(str(number))
    assert len(requests) == MOST_ENDED + 1
    assert requests.of("under way")
    assert dict(requests.all()) == {"the same for all": "X-Api-Key"}


def test_the_engine_s_own_log_is_cleaned_with_its_tracebacks() -> None:
    redactor, _ = request_with((b"x-api-key", b"key-1234"))
    try:
        raise ValueError("key-1234 is wrong")
    except ValueError as error:
        record = logging.LogRecord(
            "core", logging.ERROR, "f.py", 1, "failed for %s", ("hunter2",), (type(error), error, None)
        )
    assert LogRedactor(redactor.text).filter(record)
    said = logging.Formatter().format(record)
    assert "failed for [secret API_KEY]" in said
    assert "[X-Api-Key] is wrong" in said
    assert "key-1234" not in said
