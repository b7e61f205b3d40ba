"""The folder of an isolate is private, lets one isolate in, and goes away."""

import asyncio
import stat
from pathlib import Path

import pytest

from core.worker.link.connection import LinkConnection
from core.worker.link.folder import IsolateFolder
from tests.core.worker.link.conftest import WAIT_S


def link() -> LinkConnection:
    return LinkConnection("engine", lambda *_: None, lambda _: None)


async def test_only_its_owner_may_look_into_it() -> None:
    folder = IsolateFolder()
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    folder.remove()
    assert not folder.path.exists()
    folder.remove()


async def test_one_isolate_gets_in_and_no_second(tmp_path: Path) -> None:
    folder, ours = IsolateFolder(), link()
    await folder.listen(ours)
    _, writer = await asyncio.open_unix_connection(str(folder.socket))
    reader, second = await asyncio.open_unix_connection(str(folder.socket))
    assert await asyncio.wait_for(reader.read(), WAIT_S) == b""
    assert ours.connected
    assert not ours.lost
    for one in (writer, second):
        one.close()
    ours.close()
    folder.remove()


@pytest.mark.parametrize("name", ["long-" * 30, "com,ma"])
async def test_a_folder_for_temporary_files_that_does_not_do_is_passed_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / name).mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / name))
    folder = IsolateFolder()
    assert len(bytes(folder.socket)) <= 103
    assert "," not in str(folder.path)
    assert not list((tmp_path / name).iterdir())
    await folder.listen(link())
    folder.remove()
