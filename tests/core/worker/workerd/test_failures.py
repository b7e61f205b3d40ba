"""What workerd says reaches the user with the project's places, and without workerd's own."""

from pathlib import Path

import pytest

from core.worker.workerd.failures import Places, in_words, load_failure, on_one_line
from core.worker.workerd.modules import Modules
from core.worker.workerd.typescript import Compiler

STACK = """\
Error: ouch
    at deep (file:///bundle/lib/my%20file.js:3:9)
    at Object.fetch (file:///bundle/worker.js:14:34)
    at Isolate.take (file:///hybrid-tui/shim/serve.js:30:5)
    at withEnv (cloudflare:workers:19:21)
    at node-internal:async_hooks:3:1"""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(Modules(tmp_path), Compiler(tmp_path))


def test_only_the_user_s_frames_are_left(places: Places) -> None:
    assert places.readable(STACK).split("\n") == [
        "Error: ouch",
        "    at deep (lib/my file.js:3:9)",
        "    at Object.fetch (worker.js:14:34)",
    ]


def test_colours_go(places: Places) -> None:
    assert places.readable("\x1b[31mred\x1b[0m") == "red"


def test_a_text_of_the_worker_s_own_stays(places: Places) -> None:
    text = "see file:///etc/passwd:3 at 10:30\n  at home"
    assert places.readable(text) == text


def test_what_workerd_says_of_itself_is_left_out() -> None:
    lines = [
        "service main: The compatibility flag nodejs_compat became the default",
        "workerd/server/fallback-service.c++:291: error: Fallback service failed to fetch module",
        "service main: Uncaught SyntaxError: Unexpected token ';'",
        "  at file:///bundle/worker.js:2:32",
    ]
    assert load_failure(lines) == "SyntaxError: Unexpected token ';'\n  at file:///bundle/worker.js:2:33"


def test_the_place_comes_first() -> None:
    assert (
        on_one_line("TypeError: no\n    at f (lib/a.js:2:3)\n    at b.js:1:1", "w.js")
        == "lib/a.js:2:3: TypeError: no"
    )
    assert on_one_line("Error: no place", "w.js") == "w.js: Error: no place"


def test_a_place_is_told_in_words_and_what_has_none_is_left_alone() -> None:
    assert in_words("a.ts:2:33: SyntaxError: no") == "a.ts, line 2, column 33: SyntaxError: no"
    assert in_words("w.js: Error: no place") == "w.js: Error: no place"
    assert in_words("Error: at\na.ts:2:33: no") == "Error: at\na.ts:2:33: no"
