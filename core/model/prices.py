"""Prices that were never published, as a user assumes them in hybrid.toml."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from core.model.table import Declared


def _exactly(value: Any) -> Any:
    """Return a number as it was written: its shortest decimal, not the binary one nearest to it."""
    return Decimal(repr(value)) if isinstance(value, float) else value


class Prices(Declared):
    """What a user assumes where the platform never published a price."""

    container_hour_usd: (
        Annotated[Decimal, BeforeValidator(_exactly), Field(ge=0, le=1000, allow_inf_nan=False)] | None
    ) = None
    """US dollars for an hour of a running container (profile beta); without it such hours cost nothing."""

    @property
    def text(self) -> str:
        """Return the price of a container-hour as text; empty when none is assumed."""
        return "" if self.container_hour_usd is None else f"{self.container_hour_usd:f}"
