"""The import map follows what is on the disk, and what it leaves behind is bounded."""

import json
from pathlib import Path

import pytest

from core.worker.deno.import_map import KEPT_MAPS, ImportMap


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "worker.ts").write_text('import text from "./a.txt"; import "./other";')
    (folder / "other.ts").write_text('import data from "./b.json";')
    (folder / "a.txt").write_text("one")
    (folder / "b.json").write_text("1")
    return folder


@pytest.fixture
def private(tmp_path: Path) -> Path:
    folder = tmp_path / "private"
    folder.mkdir()
    return folder


def scopes(file: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(file.read_text())["scopes"]
    return found


def test_each_module_is_mapped_for_itself(project: Path, private: Path) -> None:
    written = scopes(ImportMap(project / "worker.ts", project, {}).write(private))
    told = {
        url.rsplit("/", 1)[1]: [name.rsplit("/", 1)[1] for name in names] for url, names in written.items()
    }
    assert told == {"worker.ts": ["a.txt"], "other.ts": ["b.json"]}


def test_what_has_not_changed_gives_the_same_map(project: Path, private: Path) -> None:
    made = ImportMap(project / "worker.ts", project, {})
    first = made.write(private)
    written = first.stat().st_mtime_ns
    assert made.write(private) == first
    assert first.stat().st_mtime_ns == written


def test_a_change_of_data_or_of_an_import_is_in_the_next_map(project: Path, private: Path) -> None:
    made = ImportMap(project / "worker.ts", project, {})
    first = made.write(private)
    (project / "a.txt").write_text("another")
    second = made.write(private)
    assert second != first
    (project / "other.ts").write_text("export {};")
    assert len(scopes(made.write(private))) == 1


def test_maps_and_modules_of_long_ago_go_away(project: Path, private: Path) -> None:
    made = ImportMap(project / "worker.ts", project, {})
    for number in range(3 * KEPT_MAPS):
        (project / "a.txt").write_text("x" * number)
        made.write(private)
    assert len(list(private.glob("modules-*.json"))) == KEPT_MAPS
    assert len(list(private.glob("data-*.js"))) == KEPT_MAPS + 1  # one for b.json, which never changed


def test_modules_that_import_each_other_end(project: Path, private: Path) -> None:
    (project / "other.ts").write_text('import "./worker.ts"; import text from "./a.txt";')
    assert len(scopes(ImportMap(project / "worker.ts", project, {}).write(private))) == 2
