"""What an isolate marks can be read without asking it, also after its end."""

import os
from pathlib import Path

import pytest

from core.worker.link.frames import MARK
from core.worker.link.mark import MarkFile


def write(path: Path, current: int, highest: int) -> None:
    with path.open("rb+") as file:
        os.pwrite(file.fileno(), MARK.pack(current, highest), 0)


def test_the_engine_sees_what_was_written_in_place(tmp_path: Path) -> None:
    mark = MarkFile(tmp_path / "m")
    assert mark.current == 0
    assert not mark.has_begun(1)
    write(tmp_path / "m", 4, 9)
    assert mark.current == 4
    assert [mark.has_begun(number) for number in (1, 9, 10)] == [True, True, False]
    mark.close()


def test_the_last_mark_stays_known_when_the_file_is_gone(tmp_path: Path) -> None:
    mark = MarkFile(tmp_path / "m")
    write(tmp_path / "m", 4, 9)
    mark.close()
    (tmp_path / "m").unlink()
    assert mark.current == 4
    assert mark.has_begun(9)


@pytest.mark.parametrize(
    ("highest", "request_id", "begun"), [(0xFFFF_FFFF, 1, False), (2, 0xFFFF_FFFF, True)]
)
def test_ids_that_begin_anew_are_told_apart(
    tmp_path: Path, highest: int, request_id: int, begun: bool
) -> None:
    mark = MarkFile(tmp_path / "m")
    write(tmp_path / "m", highest, highest)
    assert mark.has_begun(request_id) is begun
    mark.close()
