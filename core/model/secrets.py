"""Read .dev.vars: the secrets of a Worker, one NAME=value a line, as the platform's own tools take them."""

import re
from collections.abc import Collection, Iterator
from io import StringIO
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from core.model.mistakes import ConfigError, Mistake, as_line

SECRETS_FILE = ".dev.vars"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_secrets(file: Path, bindings: Collection[str]) -> dict[str, str]:
    """Return the secrets by name; none when there is no file. ``bindings`` are names that are taken.

    Values are taken as they stand: ${NAME} in one is text. Raises ConfigError that lists every mistake,
    and never shows a value.
    """
    if not file.exists():
        return {}
    parsed = list(parse_stream(StringIO(_read(file))))
    if wrong := [as_line(str(file), line, mistake) for line, mistake in _mistakes(parsed, bindings)]:
        raise ConfigError(file, wrong)
    return {one.key: one.value for one in parsed if one.key is not None and one.value is not None}


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(file, [f"{file}: it is not UTF-8; save the file as UTF-8"]) from None
    except OSError as error:
        raise ConfigError(file, [f"{file}: cannot be read: {error.strerror or error}"]) from None


def _mistakes(parsed: list[Binding], bindings: Collection[str]) -> Iterator[tuple[int, Mistake]]:
    for one in parsed:
        line = one.original.line
        if one.key is None and not one.error:
            continue  # a comment, or an empty line
        if one.key is None or one.value is None:
            yield line, Mistake((), "is not NAME=value")
        elif not _NAME.fullmatch(one.key):
            message = "the name of a secret is letters, digits and underscores, such as API_KEY"
            yield line, Mistake((), message)
        elif one.key in bindings:
            yield line, Mistake((one.key,), f"a container's binding is called {one.key} too; rename one")
