"""Deno is found, or its absence told with what to do; its command line leaves no right unneeded."""

import os
from pathlib import Path

import pytest

from core.worker.deno import program
from core.worker.runtime import WorkerFailed


def test_deno_is_found_where_its_package_is_installed() -> None:
    assert os.access(program.find_deno(), os.X_OK)


def test_where_deno_is_missing_the_advice_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> str:
        raise FileNotFoundError("deno")

    monkeypatch.setattr("deno.find_deno_bin", missing)
    with pytest.raises(WorkerFailed, match=r"pip install 'deno>=2\.9'"):
        program.find_deno()


def test_the_environment_holds_nothing_of_the_engines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYBRID_TUI_SECRET", "s3cret")
    given = program.environment(tmp_path)
    assert "HYBRID_TUI_SECRET" not in given
    assert given["DENO_DIR"] == str(tmp_path)


def test_flags_leave_no_right_but_to_the_link_and_the_mark(tmp_path: Path) -> None:
    command = program.isolate_command(
        Path("deno"),
        entry=tmp_path / "e",
        import_map=tmp_path / "i",
        socket=Path("/p/s"),
        mark=Path("/p/m"),
        heap_limit_mib=128,
    )
    assert [part for part in command if part.startswith("--allow")] == [
        "--allow-net=unix:/p/s",
        "--allow-read=/p/s,/p/m",
        "--allow-write=/p/s,/p/m",
    ]
