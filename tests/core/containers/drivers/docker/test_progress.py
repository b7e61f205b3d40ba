"""Lines about a pull, and its layers."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.containers.drivers.docker.progress import PullProgress
from core.events.types import PullLayer

MESSAGES: list[dict[str, Any]] = [
    {"status": "Pulling from library/app", "id": "1"},
    {"status": "Already exists", "id": "aa", "progressDetail": {}},
    {"status": "Pulling fs layer", "id": "bb", "progressDetail": {}},
    {"status": "Downloading", "id": "bb", "progressDetail": {"current": 500_000, "total": 2_000_000}},
    {"status": "Downloading", "id": "bb", "progressDetail": {"current": 500_000, "total": 2_000_000}},
    {"status": "Download complete", "id": "bb", "progressDetail": {}},
    {"status": "Extracting", "id": "bb", "progressDetail": {"current": 1_000_000, "total": 2_000_000}},
    {"status": "Pull complete", "id": "bb", "progressDetail": {}},
    {"status": "Digest: sha256:cc"},
    {"status": "Status: Downloaded newer image for app:1"},
]


def test_a_line_comes_only_when_there_is_something_new_to_say_and_at_the_end() -> None:
    progress = PullProgress("app:1")
    lines = [progress.line(message) for message in MESSAGES]
    assert lines == [
        "pulling app:1: 0 of 0 layers",
        "pulling app:1: 1 of 1 layers",
        "pulling app:1: 1 of 2 layers",
        "pulling app:1: 1 of 2 layers, downloading 0.5 of 2.0 MB",
        None,
        "pulling app:1: 1 of 2 layers, downloading 2.0 of 2.0 MB",
        "pulling app:1: 1 of 2 layers, extracting 1.0 of 2.0 MB",
        "pulling app:1: 2 of 2 layers",
        None,
        "pulling app:1: 2 of 2 layers",
    ]
    assert [line.over for line in lines if line] == [False] * 7 + [True]


def test_each_line_knows_its_layers_with_their_sizes() -> None:
    progress = PullProgress("app:1")
    lines = [progress.line(message) for message in MESSAGES]
    there = PullLayer("aa", "exists", 0, 0)
    assert [line.layers[1:] for line in lines if line][2:] == [
        (PullLayer("bb", "waiting", 0, 0),),
        (PullLayer("bb", "downloading", 500_000, 2_000_000),),
        (PullLayer("bb", "downloading", 2_000_000, 2_000_000),),
        (PullLayer("bb", "extracting", 1_000_000, 2_000_000),),
        (PullLayer("bb", "done", 2_000_000, 2_000_000),),
        (PullLayer("bb", "done", 2_000_000, 2_000_000),),
    ]
    assert all(line.layers[:1] == (there,) and line.image == "app:1" for line in lines[1:] if line)


def test_a_message_that_is_none_of_a_pull_says_nothing() -> None:
    assert PullProgress("app:1").line({"stream": "Step 1/2 : FROM app:1"}) is None


STATUSES = st.sampled_from(
    ["Waiting", "Downloading", "Verifying Checksum", "Extracting", "Pull complete", "Retrying in 5 seconds"]
)


@given(st.lists(st.tuples(st.sampled_from("abc"), STATUSES, st.integers(0, 9), st.integers(9, 9))))
def test_no_layer_has_more_than_its_size_once_that_is_known(steps: list[tuple[str, str, int, int]]) -> None:
    progress = PullProgress("app:1")
    for layer, status, current, total in steps:
        detail = {"current": current, "total": total} if status in ("Downloading", "Extracting") else {}
        line = progress.line({"id": layer, "status": status, "progressDetail": detail})
        for one in line.layers if line else ():
            assert one.current_bytes <= one.total_bytes
