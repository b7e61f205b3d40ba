"""The context of a build: what is in it, and when it is another one."""

import os
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from core.containers.drivers.docker.build import BuildFailed, pack


def digest_of(folder: Path, build_args: Mapping[str, str] | None = None) -> str:
    context = pack(folder / "Dockerfile", build_args or {})
    with context.archive:
        return context.digest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("ARG BASE=python:3\nFROM ${BASE}\nCOPY app.py .\n")
    (tmp_path / "app.py").write_text("print(1)")
    return tmp_path


def test_the_digest_changes_with_content_names_arguments_and_modes_and_not_with_times(folder: Path) -> None:
    seen = [digest_of(folder)]
    os.utime(folder / "app.py", (1, 1))
    assert digest_of(folder) == seen[0]
    seen.append(digest_of(folder, {"BASE": "python:4"}))
    (folder / "app.py").write_text("print(2)")
    seen.append(digest_of(folder))
    (folder / "app.py").chmod(0o700)
    seen.append(digest_of(folder))
    (folder / "more").mkdir()
    seen.append(digest_of(folder))
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize(
    ("ignored", "left_out"),
    [(None, {".git", "__pycache__"}), ("# a comment\n\nnotes\n", {"notes"}), ("*.md\n", {"a.md"})],
)
def test_what_is_ignored_is_not_in_the_context(folder: Path, ignored: str | None, left_out: set[str]) -> None:
    if ignored is not None:
        (folder / ".dockerignore").write_text(ignored)
    for name in (".git", "__pycache__", "notes", "a.md"):
        (folder / name).write_text(name)
    context = pack(folder / "Dockerfile", {})
    with context.archive, tarfile.open(fileobj=context.archive) as archive:
        names = set(archive.getnames())
    assert {".git", "__pycache__", "notes", "a.md"} - names == left_out
    assert {"Dockerfile", "app.py"} <= names


def test_arguments_have_the_dockerfiles_defaults_unless_given(folder: Path) -> None:
    for given, base in (({}, "python:3"), ({"BASE": "mine:1"}, "mine:1")):
        context = pack(folder / "Dockerfile", given)
        with context.archive:
            assert context.variables["BASE"] == base


@pytest.mark.parametrize(
    ("step", "base"),
    [
        ("step 2 of 3: FROM python:3", "python:3"),
        ("step 2 of 3: FROM --platform=linux/amd64 python:3 AS build", "python:3"),
        ("step 3 of 3: RUN echo FROM nothing", ""),
        ("", ""),
    ],
)
def test_a_failure_knows_the_base_image_that_it_is_about(step: str, base: str) -> None:
    assert BuildFailed("no", step).base == base
