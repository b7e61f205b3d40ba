"""Start an engine in a process of its own, and learn when it is up."""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec

from core.options import EngineOptions
from core.runs import no_state_folder, state_folder
from tui.commands import CommandFailed

_NAME = re.compile(r"[a-z0-9-]{1,40}")
_LAST_WORDS_LINES = 8
_END_TIMEOUT_S = 15.0


@dataclass(frozen=True)
class Ready:
    """An engine that is up: its deployment, and the path of its control socket."""

    deployment: str
    socket: str


class StartingEngine:
    """An engine on its way up; it lives on when this process ends."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self._process = process
        self._log = log

    def wait_until_ready(self) -> Ready:
        """Return where to reach it. Raises CommandFailed with the engine's own message when it cannot."""
        assert self._process.stdout is not None
        with self._process.stdout as output:
            line = output.readline()
        if not line.strip():
            code = self._process.wait()
            raise CommandFailed(
                f"the engine ended with exit code {code} before it was up{_last_words(self._log)}"
            )
        answer = json.loads(line)
        if not answer["ok"]:
            self._process.wait()
            raise CommandFailed(str(answer["message"]), int(answer.get("exit_code", 1)))
        return Ready(str(answer["deployment"]), str(answer["socket"]))

    def end(self) -> None:
        """Stop it, and wait until it has put everything away; kill it when it does not come to that."""
        self._process.terminate()
        if self._process.stdout is not None:
            self._process.stdout.close()
        try:
            self._process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def start_engine(options: EngineOptions) -> StartingEngine:
    """Start an engine that neither this terminal's signals nor its end can reach."""
    with open_log(declared_name(Path(options.path))) as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "core.main", msgspec.json.encode(options).decode()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
        return StartingEngine(process, Path(log.name))


def declared_name(path: Path) -> str:
    """Return the name in a hybrid.toml; empty when there is none (the engine says what is wrong)."""
    try:
        text = (path / "hybrid.toml" if path.is_dir() else path).read_text("utf-8")
        name = tomllib.loads(text).get("name")
    except (OSError, ValueError):
        return ""
    return name if isinstance(name, str) and is_name(name) else ""


def is_name(text: str) -> bool:
    """Say whether a deployment can have this name."""
    return _NAME.fullmatch(text) is not None


def open_log(name: str) -> IO[bytes]:
    """Open the log of a deployment's engine in its state folder; a temporary one for a nameless one."""
    if name:
        try:
            return (state_folder(name) / "engine.log").open("wb")
        except OSError as error:
            raise CommandFailed(no_state_folder(error)) from None
    return tempfile.NamedTemporaryFile("wb", prefix="hybrid-tui-")


def _last_words(log: Path) -> str:
    try:
        lines = log.read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return ""
    return "".join(f"\n  {line}" for line in lines[-_LAST_WORDS_LINES:])
