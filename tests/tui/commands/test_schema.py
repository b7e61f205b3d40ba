import json

import pytest

from tui.cli import main


@pytest.mark.parametrize(("what", "word"), [("events", "cold_start"), ("config", "sleep_after")])
def test_the_schema_is_json_and_knows_the_words(
    what: str, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["schema", what]) == 0
    text = capsys.readouterr().out
    assert json.loads(text)["$schema"].startswith("https://json-schema.org/")
    assert word in text
