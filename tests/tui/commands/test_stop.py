import subprocess
import sys

import pytest

from core.runs import is_alive
from tests.tui.commands.runs import GONE_PID, record
from tui.commands import stop

OBEYS = "print(flush=True); import time; time.sleep(60)"
IGNORES = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + OBEYS


@pytest.mark.parametrize(("program", "signal_number"), [(OBEYS, 15), (IGNORES, 9)])
def test_an_engine_that_does_not_answer_is_ended(
    program: str, signal_number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stop, "END_TIMEOUT_S", 0.3)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        run = record("shop", process.pid)
        stop.stop_run(run)
        assert not is_alive(run)
        assert process.wait() == -signal_number


def test_an_engine_that_is_gone_needs_nothing() -> None:
    run = record("shop", GONE_PID)
    stop.stop_run(run)
    assert not is_alive(run)
