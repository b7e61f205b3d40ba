"""Reads a profile's TOML file and checks it."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import ValidationError

from core.profiles.profile import Profile

_SHARED = ("types", "aliases")
"""What ``instances.like`` takes over from the profile that it names."""


class ProfileError(Exception):
    """A profile cannot be used: which one, where in it, and why."""


@cache
def load_profile(name: str) -> Profile:
    """Return one of the project's profiles. Raises ProfileError when there is none of that name."""
    return parse_profile(_text(name), f"{name}.toml")


def parse_profile(text: str, where: str) -> Profile:
    """Check a profile's text; ``where`` names it in messages. Raises ProfileError."""
    try:
        return Profile.model_validate(_completed(tomllib.loads(text)))
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{where}: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the profile"
        raise ProfileError(f"{where}: {place}: {first['msg'].removeprefix('Value error, ')}") from None


def _completed(raw: dict[str, Any]) -> dict[str, Any]:
    """Return a profile's values with the instance types of the profile that it is like."""
    instances = raw.get("instances")
    if not isinstance(instances, dict) or "like" not in instances:
        return raw
    other = tomllib.loads(_text(str(instances["like"])))["instances"]
    own = {key: value for key, value in instances.items() if key != "like"}
    return {**raw, "instances": {**{key: other[key] for key in _SHARED}, **own}}


def _text(name: str) -> str:
    try:
        return (files("core.profiles") / f"{name}.toml").read_text(encoding="utf-8")
    except OSError:
        raise ProfileError(f"there is no profile {name!r}") from None
