"""How long to wait before the next try after failures in a row."""

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 10.0
_DOUBLINGS = 5
"""After so many doublings the longest delay is reached; bounds the exponent."""


def delay_s(failures: int) -> float:
    """Return the wait after ``failures`` failures in a row: none after the first, then 0.5, 1, 2 … 10 s."""
    if failures <= 1:
        return 0.0
    return min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(failures - 2, _DOUBLINGS))


class Backoff:
    """Count failures in a row, and say when the next try is due."""

    def __init__(self) -> None:
        self.failures = 0
        self.next_try_s = 0.0

    def failed(self, now_s: float) -> float:
        """Count one more failure and return the wait before the next try, in seconds."""
        self.failures += 1
        wait_s = delay_s(self.failures)
        self.next_try_s = now_s + wait_s
        return wait_s

    def succeeded(self) -> None:
        """Forget the failures."""
        self.failures = 0
        self.next_try_s = 0.0

    def wait_s(self, now_s: float) -> float:
        """Return the seconds until the next try is due; 0 when it may be made now."""
        return max(0.0, self.next_try_s - now_s)
