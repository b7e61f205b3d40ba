"""Lines about a pull."""

from typing import Any

from core.containers.drivers.docker.progress import PullProgress

MESSAGES: list[dict[str, Any]] = [
    {"status": "Pulling from library/app", "id": "1"},
    {"status": "Already exists", "id": "aa", "progressDetail": {}},
    {"status": "Pulling fs layer", "id": "bb", "progressDetail": {}},
    {"status": "Downloading", "id": "bb", "progressDetail": {"current": 500_000, "total": 2_000_000}},
    {"status": "Downloading", "id": "bb", "progressDetail": {"current": 500_000, "total": 2_000_000}},
    {"status": "Extracting", "id": "bb", "progressDetail": {"current": 1_000_000, "total": 2_000_000}},
    {"status": "Pull complete", "id": "bb", "progressDetail": {}},
    {"status": "Digest: sha256:cc"},
]


def test_a_line_comes_only_when_there_is_something_new_to_say() -> None:
    progress = PullProgress("app:1")
    assert [progress.line(message) for message in MESSAGES] == [
        "pulling app:1: 0 of 0 layers",
        "pulling app:1: 1 of 1 layers",
        "pulling app:1: 1 of 2 layers",
        "pulling app:1: 1 of 2 layers, downloading 0.5 of 2.0 MB",
        "",
        "pulling app:1: 1 of 2 layers, extracting 1.0 of 2.0 MB",
        "pulling app:1: 2 of 2 layers",
        "",
    ]
