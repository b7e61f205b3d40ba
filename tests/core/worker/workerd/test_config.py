"""The configuration holds what was declared, and no text breaks out of its place."""

import subprocess
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from core.worker.workerd.config import IsolateConfig, config_text, quoted
from core.worker.workerd.find import find_workerd
from tests.workerd_support import need_workerd


def _config(**changes: object) -> IsolateConfig:
    given: dict[str, object] = {
        "socket": "/run/s",
        "gateway": "/run/g",
        "modules": "/run/m",
        "entry": "export default {};",
        "variables": {},
        "memory_limit_mib": 128,
        **changes,
    }
    return IsolateConfig(**given)  # type: ignore[arg-type]


def _unquoted(literal: str) -> bytes:
    """Read a text literal of plain characters and escapes, as the language defines them."""
    inner = literal[1:-1].encode("ascii")
    made, place = bytearray(), 0
    while place < len(inner):
        if inner[place : place + 1] != b"\\":
            made += inner[place : place + 1]
            place += 1
        elif inner[place + 1 : place + 2] == b"x":
            made.append(int(inner[place + 2 : place + 4], 16))
            place += 4
        else:
            made += inner[place + 1 : place + 2]
            place += 2
    return bytes(made)


@given(st.text())
def test_any_text_is_quoted_and_comes_back(text: str) -> None:
    literal = quoted(text)
    assert literal.isascii()
    assert literal.isprintable()
    assert _unquoted(literal) == text.encode()


def test_the_network_allows_nothing() -> None:
    assert '(name = "internet", network = (allow = []))' in config_text(_config())


def test_strings_stay_strings_and_other_values_are_json() -> None:
    text = config_text(_config(variables={"A": "1", "B": {"c": [1]}}))
    assert '(name = "A", text = "1")' in text
    assert '(name = "B", json = "{\\"c\\": [1]}")' in text


def test_node_modules_are_asked_for_where_the_date_does_not_bring_them() -> None:
    assert '"nodejs_compat"' not in config_text(_config())
    assert '"nodejs_compat"' in config_text(_config(compatibility_date="2026-01-01"))


def test_workerd_reads_it(tmp_path: Path) -> None:
    need_workerd()
    program = find_workerd()
    assert program is not None
    path = tmp_path / "isolate.capnp"
    path.write_text(config_text(_config(variables={"ODD": 'a "b" \\ ü\n', "J": {"a": None}})))
    command = [str(program), "compile", "--config-only", str(path)]
    assert (
        b"hybrid-tui-entry.js" in subprocess.run(command, capture_output=True, check=True, timeout=30).stdout
    )
