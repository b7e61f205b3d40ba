"""When an idle instance goes to sleep."""

STOP_GRACE_S = 10.0
"""Time between SIGTERM and SIGKILL. The platform gives 15 minutes; on one machine, where somebody
waits for the console, 10 s is enough to see a clean end or the lack of one."""

_TIME_RESOLUTION_S = 0.000_001
"""Event times have microseconds; a shorter rest is none."""


def idle_left_s(in_flight: int, last_active_s: float, now_s: float, sleep_after_s: float) -> float:
    """Return the seconds until the instance may sleep; 0 when it may now.

    Requests in flight, streamed bodies and open WebSockets hold it off for the whole time again.
    """
    if in_flight > 0:
        return sleep_after_s
    left_s = last_active_s + sleep_after_s - now_s
    return left_s if left_s > _TIME_RESOLUTION_S else 0.0
