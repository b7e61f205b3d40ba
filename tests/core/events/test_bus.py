"""Every subscriber gets every event, in order, numbered without a gap."""

from core.clock import VirtualClock
from core.events.bus import EventBus
from core.events.types import AnyEvent, Notice


def notice(message: str) -> Notice:
    return Notice(time_s=0.0, level="info", subject="shop", message=message)


def test_every_subscriber_gets_every_event_at_once_and_in_order() -> None:
    bus = EventBus(VirtualClock())
    first: list[AnyEvent] = []
    second: list[AnyEvent] = []
    bus.subscribe(first.append)
    bus.subscribe(second.append)
    sent = [notice(str(number)) for number in range(10)]
    for number, event in enumerate(sent):
        bus.publish(event)
        assert first == second == sent[: number + 1]


def test_the_sequence_counts_what_was_published_with_or_without_a_reader() -> None:
    bus = EventBus(VirtualClock())
    assert bus.sequence == 0
    bus.publish(notice("unread"))
    seen: list[int] = []
    bus.subscribe(lambda _: seen.append(bus.sequence))
    bus.publish(notice("read"))
    bus.publish(notice("read too"))
    assert seen == [2, 3]


def test_who_leaves_gets_no_more_and_may_leave_while_an_event_is_told() -> None:
    bus = EventBus(VirtualClock())
    seen: list[AnyEvent] = []
    stayed: list[AnyEvent] = []

    def once(event: AnyEvent) -> None:
        seen.append(event)
        leave()

    leave = bus.subscribe(once)
    bus.subscribe(stayed.append)
    for number in range(3):
        bus.publish(notice(str(number)))
    assert len(seen) == 1
    assert len(stayed) == 3
    leave()


def test_who_comes_while_an_event_is_told_gets_the_next_one() -> None:
    bus = EventBus(VirtualClock())
    late: list[AnyEvent] = []

    def bring_another(event: AnyEvent) -> None:
        leave()
        bus.subscribe(late.append)

    leave = bus.subscribe(bring_another)
    bus.publish(notice("first"))
    assert late == []
    bus.publish(notice("second"))
    assert late == [notice("second")]


def test_times_are_those_of_the_clock_to_the_microsecond() -> None:
    clock = VirtualClock()
    clock.advance(1.23456789)
    assert EventBus(clock).now_s() == 1.234568


def test_every_subscriber_gets_events_redacted() -> None:
    bus = EventBus(VirtualClock())
    bus.redact = lambda event: notice("clean") if isinstance(event, Notice) else event
    seen: list[AnyEvent] = []
    bus.subscribe(seen.append)
    bus.publish(notice("hunter2"))
    assert seen == [notice("clean")]
