from pathlib import Path

import pytest

from core.model.deployment import Deployment
from core.model.load import load_deployment
from core.model.mistakes import ConfigError, Mistake

LEAST = """\
name = "shop"
worker = "worker.py"
[[containers]]
binding = "APP"
command = ["python", "app.py"]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "worker.py").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(text: str | bytes) -> list[str]:
    Path("hybrid.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        load_deployment(".")
    assert str(caught.value) == "\n".join(caught.value.lines)
    return list(caught.value.lines)


def test_five_lines_are_a_deployment(folder: Path) -> None:
    Path("hybrid.toml").write_text(LEAST)
    deployment = load_deployment(".")
    assert deployment.folder == folder
    assert deployment.containers[0].command == ("python", "app.py")


def test_a_folder_and_its_file_mean_the_same(folder: Path) -> None:
    Path("hybrid.toml").write_text(LEAST)
    assert load_deployment(folder) == load_deployment(folder / "hybrid.toml")


def test_windows_line_ends_count_as_one(folder: Path) -> None:
    assert refused(LEAST.replace("\n", "\r\n") + "prot = 1\r\n")[0].startswith(
        "hybrid.toml:6: containers[0].prot:"
    )


def test_every_mistake_is_listed_in_the_order_of_the_file(folder: Path) -> None:
    lines = refused(LEAST + 'instance_type = "standart"\nport = "http"\n[traffic]\ncity = 1\n[scalin]\n')
    assert [line.split(": ")[0:2] for line in lines] == [
        ["hybrid.toml:6", "containers[0].instance_type"],
        ["hybrid.toml:7", "containers[0].port"],
        ["hybrid.toml:9", "traffic.city"],
        ["hybrid.toml:10", "scalin"],
    ]
    assert lines[0].endswith('or "standard-4" (did you mean standard-1?)')
    assert lines[3].endswith("(did you mean scaling?)")


def test_mistakes_across_the_parts_have_lines_too(folder: Path) -> None:
    assert refused(LEAST + 'regions = [\n "us-east",\n "mars" ]\n')[0].startswith(
        'hybrid.toml:8: containers[0].regions[1]: there is no region "mars"'
    )


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('name = "shop\nworker = "w.py"\n', 1, "a closing quote is missing"),
        ("name = shop\n", 1, "text needs quotes"),
        ('name = "shop"\nname = "b"\n', 2, "the key is here for the second time"),
        ('name = "shop"\n[[containers]]\nbinding\n', 3, "= and a value are missing"),
        ('a = ["x",\n', 1, "the file ends here"),
    ],
)
def test_a_half_written_file_is_one_message_with_its_line(
    folder: Path, text: str, line: int, said: str
) -> None:
    (message,) = refused(text)
    assert message.startswith(f"hybrid.toml:{line}: not valid TOML: ")
    assert said in message


def test_an_empty_file_says_what_is_needed(folder: Path) -> None:
    assert [line.split("; ")[1] for line in refused("")] == [
        'write name = "shop"',
        "write [worker]",
        "write [[containers]]",
    ]


def test_bytes_that_are_no_text_are_placed(folder: Path) -> None:
    assert refused(b'name = "shop"\n# \xff\n') == [
        "hybrid.toml:2: byte 0xff is not UTF-8; save the file as UTF-8"
    ]


def test_a_key_that_only_the_loader_sets_is_no_key(folder: Path) -> None:
    assert refused('folder = "/"\n' + LEAST)[0].startswith("hybrid.toml:1: folder: is not a key here")


def test_a_folder_without_a_file_says_what_to_do(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"has no hybrid\.toml; hybrid-tui new NAME"):
        load_deployment(".")


def test_a_path_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"^nowhere: there is no such file or folder"):
        load_deployment("nowhere")


def test_checks_of_rooms_above_are_asked_and_placed(folder: Path) -> None:
    Path("hybrid.toml").write_text(LEAST + '[traffic]\ncity = "Tokio"\n')

    def cities(deployment: Deployment) -> list[Mistake]:
        return [Mistake(("traffic", "city"), f"{deployment.traffic.city} is not known", "Tokyo")]

    with pytest.raises(
        ConfigError, match=r"hybrid.toml:7: traffic.city: Tokio is not known \(did you mean Tokyo"
    ):
        load_deployment(".", checks=[cities])


def test_a_runtime_asked_for_goes_before_the_declared_one(folder: Path) -> None:
    Path("worker.ts").touch()
    Path("hybrid.toml").write_text(LEAST.replace("worker.py", "worker.ts"))
    assert load_deployment(".").worker.runtime_name == "deno"
    assert load_deployment(".", runtime="workerd").worker.runtime_name == "workerd"
    with pytest.raises(ConfigError, match=r"python cannot run worker\.ts"):
        load_deployment(".", runtime="python")
