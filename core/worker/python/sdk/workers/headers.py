"""Header fields as a Worker sees them: names without regard to case, order kept."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias, Union

RawHeaders: TypeAlias = list[tuple[bytes, bytes]]
HeadersInit: TypeAlias = Union["Headers", Mapping[str, str], Iterable[tuple[str, str]], None]

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BAD_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Headers:
    """Header fields. ``headers["name"]``, ``get``, ``set``, ``append``, ``delete``, ``in``, ``items``."""

    def __init__(self, init: HeadersInit = None) -> None:
        self.raw: RawHeaders = []
        """The fields as they go over the wire."""
        if isinstance(init, Headers):
            self.raw = list(init.raw)
            return
        for name, value in init.items() if isinstance(init, Mapping) else init or ():
            self.append(name, value)

    @classmethod
    def from_raw(cls, raw: RawHeaders) -> "Headers":
        """Make headers of fields that came over the wire."""
        headers = cls()
        headers.raw = list(raw)
        return headers

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the values of a field joined by commas, or ``default``."""
        values = self.get_all(name)
        return ", ".join(values) if values else default

    def get_all(self, name: str) -> list[str]:
        """Return each value of a field, such as set-cookie."""
        key = name.lower().encode("latin-1", "replace")
        return [value.decode("latin-1") for one, value in self.raw if one.lower() == key]

    def set(self, name: str, value: str) -> None:
        """Give a field one value, in the place of all it had. Raises ValueError for a bad name or value."""
        field = _checked(name, value)
        self.delete(name)
        self.raw.append(field)

    def append(self, name: str, value: str) -> None:
        """Add a value to a field. Raises ValueError for a bad name or value."""
        self.raw.append(_checked(name, value))

    def delete(self, name: str) -> None:
        """Remove a field."""
        key = name.lower().encode("latin-1", "replace")
        self.raw = [field for field in self.raw if field[0].lower() != key]

    def has(self, name: str) -> bool:
        """Say whether a field is there."""
        return bool(self.get_all(name))

    def keys(self) -> list[str]:
        """Return the names in lower case, each once."""
        return list(dict.fromkeys(name.lower().decode("latin-1") for name, _ in self.raw))

    def values(self) -> list[str]:
        """Return the value of each name, joined by commas."""
        return [self[name] for name in self.keys()]

    def items(self) -> list[tuple[str, str]]:
        """Return names with their values."""
        return [(name, self[name]) for name in self.keys()]

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __setitem__(self, name: str, value: str) -> None:
        self.set(name, value)

    def __delitem__(self, name: str) -> None:
        self.delete(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.has(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def __repr__(self) -> str:
        return f"Headers({dict(self.items())!r})"


def _checked(name: str, value: str) -> tuple[bytes, bytes]:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"not a valid header name: {name!r}")
    text = str(value).strip(" \t\r\n")
    if _BAD_VALUE.search(text):
        raise ValueError(f"the header {name} holds a control character: {text!r}")
    try:
        return name.encode(), text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise ValueError(f"the header {name} holds a character outside Latin-1: {text!r}") from error
