"""Read hybrid.toml: the text, then each value, then the parts against each other."""

import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from core.model.checks import check_deployment
from core.model.deployment import Deployment, DriverChoice
from core.model.explain import Report, explain
from core.model.mistakes import Check, ConfigError, KeyPath, Mistake, as_line
from core.model.positions import line_numbers, line_of
from core.model.secrets import SECRETS_FILE, read_secrets
from core.model.worker import RuntimeChoice

FILE_NAME = "hybrid.toml"
_PLAINER = {
    "Illegal character '\\n'": "the line ends inside a text; a closing quote is missing",
    "Unterminated string": "a closing quote is missing",
    "Invalid value": "there is no valid value here; text needs quotes",
    "Unclosed array": "a list is not closed; ] is missing",
    "Cannot overwrite a value": "the key is here for the second time",
    "Expected '=' after a key in a key/value pair": "= and a value are missing after the key",
}
"""What the parser of the standard library says, and the same in the words of who writes the file."""
_TOML_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")


def load_deployment(
    path: str | Path,
    *,
    driver: DriverChoice = "auto",
    runtime: RuntimeChoice = "auto",
    checks: Sequence[Check] = (),
    narrow: Callable[[Deployment], Deployment] = lambda declared: declared,
) -> Deployment:
    """Return the deployment declared at ``path``, a project's folder or its hybrid.toml.

    ``driver`` is the driver asked for in place of each region's own, ``runtime`` the one in place of the
    Worker's; ``checks`` look for what rooms above know about, such as unknown cities, and ``narrow`` names
    the regions of a class that its constraints leave. Raises ConfigError that lists every mistake.
    """
    file = find_file(Path(path))
    text = _read(file)
    raw = _parse(file, text)
    lines = line_numbers(text)
    reports: Sequence[Report] = ()
    try:
        declared = Deployment.model_validate(raw)
    except ValidationError as error:
        reports = cast(list[Report], error.errors(include_url=False))
    if mistakes := explain(reports, raw, Deployment):
        raise _config_error(file, lines, mistakes)
    deployment = narrow(_completed(declared, file, runtime))
    mistakes = list(check_deployment(deployment, driver))
    for check in checks:
        mistakes.extend(check(deployment))
    if mistakes:
        raise _config_error(file, lines, mistakes)
    return deployment


def _completed(declared: Deployment, file: Path, runtime: RuntimeChoice) -> Deployment:
    """Return the deployment with what stands beside its file, and what the command line asks for."""
    bindings = {one.binding for one in declared.containers}
    changes: dict[str, Any] = {
        "folder": file.parent.resolve(),
        "secrets": read_secrets(file.parent / SECRETS_FILE, bindings),
    }
    if runtime != "auto":
        changes["worker"] = declared.worker.model_copy(update={"runtime": runtime})
    return declared.model_copy(update=changes)


def find_file(path: Path) -> Path:
    """Return the file that ``path`` means. Raises ConfigError when there is none."""
    file = path / FILE_NAME if path.is_dir() else path
    if file.is_file():
        return file
    advice = "hybrid-tui new NAME writes a project, hybrid-tui demo runs without one"
    if path.is_dir():
        raise ConfigError(file, [f"{path.resolve()} has no {FILE_NAME}; {advice}"])
    raise ConfigError(file, [f"{path}: there is no such file or folder; {advice}"])


def _read(file: Path) -> str:
    try:
        data = file.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(file, [f"{file}: cannot be read: {reason}"]) from None
    try:
        return data.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"byte {data[error.start]:#04x} is not UTF-8; save the file as UTF-8"
        raise ConfigError(file, [as_line(str(file), line, Mistake((), message))]) from None


def _parse(file: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line, message = _syntax_error(str(error), text)
        raise ConfigError(file, [as_line(str(file), line, Mistake((), message))]) from None


def _syntax_error(report: str, text: str) -> tuple[int, str]:
    """Return the line of a syntax error, and what is wrong there."""
    place = _TOML_PLACE.search(report)
    said = _TOML_PLACE.sub("", report)
    said = _PLAINER.get(said, said)
    if place is None or place["line"] is None:
        return len(text.splitlines()) or 1, f"not valid TOML: {said}, and the file ends here"
    return int(place["line"]), f"not valid TOML: {said} (column {place['column']})"


def _config_error(file: Path, lines: dict[KeyPath, int], mistakes: Iterable[Mistake]) -> ConfigError:
    placed = sorted((line_of(lines, one.path), number, one) for number, one in enumerate(mistakes))
    return ConfigError(file, [as_line(str(file), line, one) for line, _, one in placed])
