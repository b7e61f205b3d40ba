"""Commands that ask a running engine: they find it, print what it did, and fail with what it said."""

import asyncio
import os
from pathlib import Path

import msgspec
import pytest

from core.control.messages import Reply
from core.runs import STATE_VARIABLE, write_run
from tests.tui.commands.runs import record
from tui.cli import main


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


class Answering:
    """An engine's door that writes down what it is asked, and always gives the same answer."""

    def __init__(self, path: Path, reply: Reply) -> None:
        self.asked: list[dict[str, object]] = []
        self._path = path
        self._reply = reply

    async def __aenter__(self) -> "Answering":
        self._server = await asyncio.start_unix_server(self._answer, self._path)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append(msgspec.json.decode(await reader.readline()))
        writer.write(msgspec.json.encode(self._reply) + b"\n")
        writer.close()


async def told(tmp_path: Path, reply: Reply, *words: str) -> tuple[int, list[dict[str, object]]]:
    """Run a command against a door; return its exit code and what the door was asked."""
    socket = tmp_path / "engine.sock"
    write_run(msgspec.structs.replace(record("shop", os.getpid()), socket=str(socket)))
    async with Answering(socket, reply) as door:
        code = await asyncio.to_thread(main, list(words))
    return code, door.asked


DONE = Reply(id=1, message="done as asked")


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (("latency", "off"), {"command": "latency", "scale": 0.0}),
        (("latency", "0.5", "shop"), {"command": "latency", "scale": 0.5}),
        (
            ("scale", "app", "us-east", "3"),
            {"command": "scale", "container": "app", "region": "us-east", "instances": 3},
        ),
        (
            ("scale", "app", "us-east", "auto"),
            {"command": "scale", "container": "app", "region": "us-east", "instances": None},
        ),
        (
            ("start-policy", "app", "paused"),
            {"command": "start_policy", "container": "app", "policy": "paused"},
        ),
    ],
)
async def test_what_was_done_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], asked: dict[str, object]
) -> None:
    assert await told(tmp_path, DONE, *words) == (0, [{"id": 1, **asked}])
    assert capsys.readouterr().out == "done as asked\n"


async def test_what_the_engine_refuses_is_a_failure_in_its_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reply = Reply(id=1, ok=False, message="There is no container class ap. Did you mean app?")
    code, _ = await told(tmp_path, reply, "scale", "ap", "us-east", "1")
    assert code == 1
    assert capsys.readouterr().err == "hybrid-tui: There is no container class ap. Did you mean app?\n"


def test_an_engine_that_does_not_answer_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    write_run(record("shop", os.getpid()))
    assert main(["latency", "off"]) == 1
    assert "no engine answers" in capsys.readouterr().err


def test_without_a_deployment_that_runs_the_input_was_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["latency", "off"]) == 2
    assert "no deployment runs" in capsys.readouterr().err
