"""Why the Engine cannot be reached, in words."""

import errno
import os

import pytest

from core.containers.drivers.docker.endpoint import Endpoint
from core.containers.drivers.docker.errors import EngineError, error_number, lost, unreachable
from core.http.errors import ConnectFailed

HERE = Endpoint("unix:///run/docker.sock", "the usual address")


@pytest.mark.parametrize(
    ("number", "message", "advice"),
    [
        (errno.EACCES, "does not permit this user", "usermod -aG docker"),
        (errno.ENOENT, "there is no socket unix:///run/docker.sock", "Start"),
        (errno.ENOTDIR, "there is no socket", "Start"),
        (errno.ECONNREFUSED, "connection refused", "Start"),
        (errno.EHOSTUNREACH, "cannot be reached", "Start"),
    ],
)
def test_each_reason_has_its_sentence_and_its_advice(number: int, message: str, advice: str) -> None:
    failed = ConnectFailed("no connection")
    failed.__cause__ = OSError(number, os.strerror(number))
    error = unreachable(HERE, failed)
    assert message in error.message
    assert "the usual address" in error.message
    assert advice in error.advice
    assert "--driver process" in error.advice
    assert error.code == number


def test_a_time_out_has_no_number_and_still_a_sentence() -> None:
    error = unreachable(HERE, ConnectFailed("no connection within 10 s"))
    assert "within 10 s" in error.message
    assert error.code == 0


def test_the_number_is_found_below_other_errors() -> None:
    outer, inner = ValueError("outer"), ConnectionRefusedError(errno.ECONNREFUSED, "refused")
    outer.__context__ = inner
    assert error_number(outer) == errno.ECONNREFUSED
    assert error_number(ValueError("alone")) == 0
    assert error_number(None) == 0


def test_a_broken_connection_says_that_the_engine_is_used_again() -> None:
    assert "as soon as it is back" in lost(HERE, "the peer closed").advice


def test_a_refusal_shows_its_status() -> None:
    assert str(EngineError(409, "in use")) == "in use (status 409)"
