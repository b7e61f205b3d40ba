"""The short, valid and unique label of a named instance, made from the name that a Worker gave it."""

import hashlib
import re
from collections.abc import Collection

LONGEST_PLAIN = 24
"""Characters of a name that are kept; container engines and the console's columns want short names."""
_PLAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_FIRST_DIGITS, _ALL_DIGITS = 6, 64


def label_for(
    container: str, name: str, classes: Collection[str], taken: Collection[str], shown: str | None = None
) -> str:
    """Return the label of the class's instance called ``name``: ``app-user-1``, or ``app-user-1_3f2a1c``.

    The digits, of the name's SHA-256, are there unless the name is short, plain, not a number (``app-1``
    is of the pool) and read with the class's in one way only; there are more of them where the label is
    one of those ``taken``. ``shown`` takes the name's place before the digits, for one that holds a secret.
    """
    plain = f"{container}-{name}"
    may_be_seen = shown in (None, name) and _is_plain(name)
    if may_be_seen and _longest_class(plain, classes) == container and plain not in taken:
        return plain
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()
    start = "-".join(part for part in (container, _slug(name if shown is None else shown)) if part)
    labels = (f"{start}_{digest[:digits]}" for digits in range(_FIRST_DIGITS, _ALL_DIGITS + 1))
    return next(label for label in labels if label not in taken)


def _is_plain(name: str) -> bool:
    return len(name) <= LONGEST_PLAIN and _PLAIN.fullmatch(name) is not None and not name.isdecimal()


def _longest_class(label: str, classes: Collection[str]) -> str:
    return max((one for one in classes if label.startswith(f"{one}-")), key=len, default="")


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name[: 4 * LONGEST_PLAIN].lower()).strip("-")[:LONGEST_PLAIN].strip("-")
