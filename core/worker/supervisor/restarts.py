"""How long to wait before an isolate is started again after others ended by themselves."""

FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 5.0
SOON_S = 10.0
"""An isolate that ended within this time after the end before it ended again soon."""
_DOUBLINGS = 6
"""After so many doublings the longest delay is reached; bounds the exponent."""


class Restarts:
    """Counts ends in a row: no wait after the first, then 0.1, 0.2 … 5 s."""

    def __init__(self) -> None:
        self._in_a_row = 0
        self._last_s: float | None = None

    def ended(self, now_s: float) -> None:
        """Count an isolate that ended unasked, or could not be started."""
        soon = self._last_s is not None and now_s - self._last_s <= SOON_S + self._delay_s()
        self._in_a_row = self._in_a_row + 1 if soon else 1
        self._last_s = now_s

    def forget(self) -> None:
        """Begin anew, as for new code."""
        self._in_a_row, self._last_s = 0, None

    def wait_s(self, now_s: float) -> float:
        """Return the seconds until the next start is due; 0 when it may be made now."""
        if self._last_s is None:
            return 0.0
        return max(0.0, self._last_s + self._delay_s() - now_s)

    def _delay_s(self) -> float:
        if self._in_a_row <= 1:
            return 0.0
        return min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(self._in_a_row - 2, _DOUBLINGS))
