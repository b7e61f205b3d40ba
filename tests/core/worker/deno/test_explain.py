"""What Deno prints about a Worker becomes one line that names the user's file, and none of ours."""

from pathlib import Path

import pytest

from core.worker.deno.explain import explain, explain_output

MAIN = Path("/my project/src/worker.ts")
OWN = Path("/site-packages/core/worker")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "error: Uncaught (in promise) TypeError: no way\nfunction f() {}\n         ^\n"
            "    at f (file:///my%20project/src/lib/a.ts:1:22)\n"
            "    at file:///my%20project/src/worker.ts:3:1",
            "lib/a.ts, line 1, column 22: TypeError: no way",
        ),
        (
            "noise\nerror: SyntaxError: Expected ','\n  |\n2 | x\n"
            "    at file:///elsewhere/b.ts:2:19\n\nStack backtrace:\n   0: <unknown>",
            "/elsewhere/b.ts, line 2, column 19: SyntaxError: Expected ','",
        ),
        (
            'error: Module not found "file:///my%20project/src/gone.ts".\n'
            "    at file:///site-packages/core/worker/deno/host/main.js:1:2",
            'worker.ts: Module not found "gone.ts"',
        ),
        ("one\n\ntwo", "worker.ts: the Worker's process ended while it loaded: one; two"),
        ("", "worker.ts: the Worker's process ended while it loaded"),
    ],
)
def test_output_becomes_one_line(said: str, told: str) -> None:
    assert explain_output(said.splitlines(), MAIN, OWN) == told


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "SyntaxError: './x.ts' does not provide an export named 'x' at worker.ts:1:9\n    at async f",
            "worker.ts, line 1, column 9: SyntaxError: './x.ts' does not provide an export named 'x'",
        ),
        (
            "TypeError: SyntaxError: Expression expected\n  |\n    at lib dir/a.ts:4:2",
            "lib dir/a.ts, line 4, column 2: SyntaxError: Expression expected",
        ),
        (
            'TypeError: Requires read access to "/my project/src/x.ts", run again with --allow-read',
            'worker.ts: "x.ts" cannot be imported by a name made at run time, or with a type other than '
            'json: write the name into import("…"), without a type',
        ),
        ("TypeError: read it at once", "worker.ts: TypeError: read it at once"),
    ],
)
def test_an_error_with_its_stack_becomes_one_line(said: str, told: str) -> None:
    assert explain(said.splitlines(), MAIN, OWN) == told
