"""Bare imports lead to the files that a bundler for Workers would take."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.worker.workerd.packages import package_file


@pytest.fixture
def importer(tmp_path: Path) -> Path:
    return tmp_path / "src" / "worker.js"


def _package(folder: Path, name: str, **manifest: Any) -> Path:
    package = folder / "node_modules" / name
    package.mkdir(parents=True)
    (package / "package.json").write_text(json.dumps({"name": name, **manifest}))
    return package


EXPORTS = {
    ".": {"node": "./node.js", "workerd": {"import": "./workerd.mjs", "require": "./workerd.cjs"}},
    "./part": "./lib/part.js",
    "./all/*.js": "./lib/*.js",
    "./all/deep/*": ["./deep/*.js"],
    "./hidden": None,
}


@pytest.mark.parametrize(
    ("specifier", "expected"),
    [
        ("@scope/thing", "workerd.mjs"),
        ("@scope/thing/part", "lib/part.js"),
        ("@scope/thing/all/one.js", "lib/one.js"),
        ("@scope/thing/all/deep/two", "deep/two.js"),
        ("@scope/thing/hidden", None),
        ("@scope/thing/lib/part.js", None),
    ],
)
def test_exports_decide(tmp_path: Path, importer: Path, specifier: str, expected: str | None) -> None:
    package = _package(tmp_path, "@scope/thing", exports=EXPORTS, main="main.js")
    assert package_file(specifier, importer, "import") == (expected and package / expected)


def test_require_takes_its_own_branch(tmp_path: Path, importer: Path) -> None:
    package = _package(tmp_path, "thing", exports=EXPORTS)
    assert package_file("thing", importer, "require") == package / "workerd.cjs"


def test_conditions_may_stand_without_a_dot(tmp_path: Path, importer: Path) -> None:
    package = _package(tmp_path, "thing", exports={"require": "./a.cjs", "default": "./a.js"})
    assert package_file("thing", importer, "import") == package / "a.js"


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [({"module": "m.js", "main": "c.js"}, "m.js"), ({"main": "c.js"}, "c.js"), ({}, "index")],
)
def test_without_exports_the_main_fields_decide(
    tmp_path: Path, importer: Path, manifest: dict[str, str], expected: str
) -> None:
    package = _package(tmp_path, "thing", **manifest)
    assert package_file("thing", importer, "import") == package / expected
    assert package_file("thing/lib/x", importer, "import") == package / "lib/x"


def test_the_nearest_package_wins(tmp_path: Path, importer: Path) -> None:
    _package(tmp_path, "thing", main="far.js")
    near = _package(importer.parent, "thing", main="near.js")
    assert package_file("thing", importer, "import") == near / "near.js"


def test_inner_names_and_a_package_s_own_name(tmp_path: Path) -> None:
    manifest = {"imports": {"#own": {"default": "./own.js"}, "#other": "thing"}, "exports": {"./x": "./x.js"}}
    package = _package(tmp_path, "inner", **manifest)
    thing = _package(tmp_path, "thing", main="t.js")
    importer = package / "lib" / "file.js"
    assert package_file("#own", importer, "import") == package / "own.js"
    assert package_file("#other", importer, "import") == thing / "t.js"
    assert package_file("#nothing", importer, "import") is None
    (package / "node_modules").mkdir()
    assert package_file("inner/x", importer, "import") == package / "x.js"


def test_what_is_not_there_is_none(tmp_path: Path, importer: Path) -> None:
    assert package_file("thing", importer, "import") is None


def test_a_broken_manifest_counts_as_none(tmp_path: Path, importer: Path) -> None:
    package = _package(tmp_path, "thing")
    (package / "package.json").write_text("{")
    assert package_file("thing", importer, "import") == package / "index"
