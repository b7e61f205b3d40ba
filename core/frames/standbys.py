"""Keeps how many instances stand prepared, for each class and region."""

from core.events.types import StandbyChanged
from core.frames.frame import StandbyRow


class StandbysFold:
    """What stands prepared where the start policy prepares something."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], StandbyRow] = {}

    def changed(self, event: StandbyChanged) -> None:
        """Take in how many stand prepared; forget a place where none shall and none does."""
        place = event.container, event.region
        if event.prepared or event.wanted:
            self._rows[place] = StandbyRow(*place, event.policy, event.prepared, event.wanted)
        else:
            self._rows.pop(place, None)

    def rows(self) -> tuple[StandbyRow, ...]:
        """Return what stands prepared, by class, then region."""
        return tuple(row for _, row in sorted(self._rows.items()))
