"""Where the platform may place a container class, as declared in hybrid.toml."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from core.model.table import Declared

PlatformRegionName = Literal["ENAM", "WNAM", "EEUR", "WEUR", "APAC", "SAM", "ME", "OC", "AFR"]


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


class Constraints(Declared):
    """Where instances of the class may be placed. Empty: wherever it is near."""

    regions: tuple[Annotated[PlatformRegionName, BeforeValidator(_upper)], ...] = ()
    """The platform's regions: ENAM and WNAM, eastern and western North America; EEUR and WEUR, Europe; APAC,
    Asia; SAM, South America; and of limited capacity ME, the Middle East; OC, Oceania; AFR, Africa."""
    jurisdiction: Literal["eu", "us", "fedramp"] | None = None
    """The law under which it must run: a group of regions."""
