"""The path at which a person runs a cron trigger by hand, the same as under the platform's own tools."""

from urllib.parse import parse_qs

from core.clock import Clock
from core.http.messages import Request
from core.worker.runtime import Scheduled

SCHEDULED_PATH = "/cdn-cgi/handler/scheduled"
NO_HANDLER = "a cron trigger came due, and the Worker has no scheduled() handler"


def asked_schedule(request: Request, clock: Clock) -> Scheduled | None:
    """Return the cron trigger that a request asks to run, at the time that it names or now.

    None for any other request.
    """
    if request.path != SCHEDULED_PATH:
        return None
    query = parse_qs(request.target.partition("?")[2])
    time = query.get("time", [""])[0]
    time_ms = int(time) if time.isascii() and time.isdigit() else now_ms(clock)
    return Scheduled(query.get("cron", [""])[0], time_ms)


def now_ms(clock: Clock) -> int:
    """Return the date and time in milliseconds since 1970."""
    return int(clock.wall_time().timestamp() * 1000)
