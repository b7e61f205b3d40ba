from pathlib import Path

import pytest

from core.model.load import load_deployment
from core.model.mistakes import ConfigError
from core.model.secrets import read_secrets

LEAST = """\
name = "shop"
worker = "worker.py"
[bindings.vars]
REGION = "here"
LEVEL = "low"
[[containers]]
binding = "APP"
command = ["python", "app.py"]
"""


def written(folder: Path, text: str) -> Path:
    file = folder / ".dev.vars"
    file.write_text(text)
    return file


def test_values_are_taken_as_they_stand(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "# comment\n\nKEY=abc=d # why\nexport QUOTED='a # b'\nSAME=${KEY}\nPEM=\"one\ntwo\"\nNONE=\n",
    )
    assert read_secrets(file, ()) == {
        "KEY": "abc=d",
        "QUOTED": "a # b",
        "SAME": "${KEY}",
        "PEM": "one\ntwo",
        "NONE": "",
    }


def test_a_project_without_the_file_has_no_secrets(tmp_path: Path) -> None:
    assert read_secrets(tmp_path / ".dev.vars", ()) == {}


def test_every_mistake_has_its_line_and_no_value(tmp_path: Path) -> None:
    file = written(tmp_path, "hunter2\nGOOD=1\nAPP=hunter2\n=hunter2\nA.B=hunter2\n")
    with pytest.raises(ConfigError) as caught:
        read_secrets(file, {"APP"})
    assert [line.removeprefix(f"{file}:").split(":")[0] for line in caught.value.lines] == [
        "1",
        "3",
        "4",
        "5",
    ]
    assert "a container's binding is called APP too" in caught.value.lines[1]
    assert "hunter2" not in str(caught.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / ".dev.vars"
    file.write_bytes(b"A=\xff")
    with pytest.raises(ConfigError, match="UTF-8"):
        read_secrets(file, ())


def test_secrets_go_before_plain_values_and_are_not_shown(tmp_path: Path) -> None:
    (tmp_path / "worker.py").touch()
    (tmp_path / "hybrid.toml").write_text(LEAST)
    written(tmp_path, "LEVEL=hunter2\n")
    deployment = load_deployment(tmp_path)
    assert deployment.variables == {"REGION": "here", "LEVEL": "hunter2"}
    assert "hunter2" not in repr(deployment)
    assert "hunter2" not in deployment.model_dump_json()


def test_the_file_of_declarations_cannot_hold_secrets(tmp_path: Path) -> None:
    (tmp_path / "worker.py").touch()
    (tmp_path / "hybrid.toml").write_text('secrets = {A = "b"}\n' + LEAST)
    with pytest.raises(ConfigError, match="secrets: is not a key here"):
        load_deployment(tmp_path)
