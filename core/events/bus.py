"""The one stream: whoever learns something publishes it here, and everything else reads it."""

from collections.abc import Callable

from core.clock import Clock
from core.events.types import AnyEvent

Subscriber = Callable[[AnyEvent], None]

TIME_DIGITS = 6
"""Times are rounded to microseconds, so that a recorded time is the same text on every machine."""


class EventBus:
    """Hand every event to every subscriber, in order, at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._subscribers: tuple[Subscriber, ...] = ()
        self.redact: Callable[[AnyEvent], AnyEvent] | None = None
        """Takes secrets out of each event before anybody gets it."""
        self.clean_text: Callable[[str], str] = str
        """Takes secrets out of a text that is to become part of a name in events."""
        self.sequence = 0
        """The number of events published so far."""

    def now_s(self) -> float:
        """Return the time to stamp on an event, rounded to microseconds."""
        return round(self._clock.now_s(), TIME_DIGITS)

    def publish(self, event: AnyEvent) -> None:
        """Give the event to every subscriber; a subscriber must not block or raise."""
        self.sequence += 1
        if self.redact is not None:
            event = self.redact(event)
        for subscriber in self._subscribers:
            subscriber(event)

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Add a subscriber and return what removes it again."""
        self._subscribers = (*self._subscribers, subscriber)

        def unsubscribe() -> None:
            self._subscribers = tuple(one for one in self._subscribers if one is not subscriber)

        return unsubscribe
