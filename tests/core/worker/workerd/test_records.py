"""Records of the shim are told from other output, and long lines are put together."""

from core.worker.workerd.records import MARK, LogLevel, RecordReader


class Heard:
    """What a reader told."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, LogLevel, str]] = []
        self.ends: list[str] = []
        self.reader = RecordReader(lambda *line: self.lines.append(line), self.ends.append)


def test_a_line_of_the_log() -> None:
    heard = Heard()
    assert heard.reader.take(MARK + '{"trace":"t","level":"error","text":"a\\nb"}')
    assert heard.lines == [("t", "error", "a\nb")]


def test_pieces_are_put_together() -> None:
    heard = Heard()
    for text, more in (("one ", "true"), ("two ", "true"), ("three", "false")):
        heard.reader.take(f'{MARK}{{"trace":"t","text":"{text}","more":{more}}}')
    assert heard.lines == [("t", "log", "one two three")]


def test_the_end_of_late_work() -> None:
    heard = Heard()
    heard.reader.take(MARK + '{"trace":"t","ended":true}')
    assert (heard.ends, heard.lines) == (["t"], [])


def test_anything_else_is_no_record() -> None:
    heard = Heard()
    assert not heard.reader.take('{"trace":"t"}')
    assert not heard.reader.take(MARK + '{"trace":')
    assert heard.lines == []
