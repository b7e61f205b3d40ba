"""The Engine's own messages, each as a sentence with advice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.containers.drivers.docker.errors import EngineError
from core.containers.drivers.docker.failures import ended_early, refused, shortened, start_failed
from core.containers.drivers.protocol import Exit
from tests.core.containers.drivers.docker.conftest import make_plan

PLAN = make_plan("shop/app:1")


@pytest.mark.parametrize(
    ("message", "reason", "advice"),
    [
        ("manifest for shop/app:1 not found: manifest unknown", "shop/app:1 does not exist in", "tag"),
        ("pull access denied for shop/app, repository does not exist", "asks for a login", "docker login"),
        (
            'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host',
            "cannot be looked up",
            "--driver process",
        ),
        (
            'Get "http://127.0.0.1:5999/v2/": dial tcp 127.0.0.1:5999: connect: connection refused',
            "registry cannot be reached",
            "--driver process",
        ),
        ("toomanyrequests: You have reached your pull rate limit", "no more pulls for now", "docker login"),
        ("No such image: shop/app:1", "not here any more", "next start"),
        ("write /x/overlay2/y-init/link: no space left on device", "disk is full", "docker system prune"),
        (
            'OCI runtime create failed: exec: "/nope": stat /nope: no such file or directory: unknown',
            "starts the program /nope, which is not in it",
            "CMD",
        ),
        ('exec: "gunicorn": executable file not found in $PATH', "program gunicorn, which is not", "CMD"),
        ('exec: "/etc/passwd": permission denied', "/etc/passwd, which may not be", "chmod +x /etc/passwd"),
        ("[FATAL tini (7)] exec serve failed: No such file or directory", "starts the program serve,", "CMD"),
        ("[FATAL tini (7)] exec /run.sh failed: Permission denied", "starts /run.sh, which may not", "chmod"),
        ("No command specified", "does not say which program", "CMD"),
        ("standard_init_linux.go: exec format error", "another kind of processor", "Build it here"),
        ("Bind for 127.0.0.1:28200 failed: port is already allocated", "is taken", "chosen anew"),
        ("Minimum memory limit allowed is 6MB", "so small a memory limit", "instance_type"),
        ("network nonet not found", "network is gone", "restart"),
        ("no available IPv4 addresses on this network's address pools", "no address left", "max_instances"),
        ("failed to write 1 to cpu.cfs_quota_us: cgroup", "cannot limit memory or CPU", "docker info"),
    ],
)
def test_a_known_message_becomes_a_sentence_with_advice(message: str, reason: str, advice: str) -> None:
    failure = refused(PLAN, "create", EngineError(500, message))
    assert reason in failure.reason
    assert advice in failure.advice
    assert failure.phase == "create"


@pytest.mark.parametrize(
    ("ended", "phase", "reason"),
    [
        (
            Exit(127, message="[FATAL tini (7)] exec /nope failed: No such file or directory"),
            "start",
            "/nope",
        ),
        (Exit(127, message="sh: serve: not found"), "boot", "exit code 127"),
        (Exit(1, message="[FATAL tini (7)] said the program itself"), "boot", "exit code 1"),
        (Exit(137, True), "boot", "more memory than"),
    ],
)
def test_an_early_end_is_told_by_what_ended_it(ended: Exit, phase: str, reason: str) -> None:
    failure = ended_early(PLAN, ended, "shop/app:1")
    assert reason in failure.reason
    assert (failure.phase, failure.exit_code) == (phase, ended.exit_code)
    assert failure.out_of_memory == ended.out_of_memory
    assert failure.advice


def test_an_unknown_message_is_passed_on() -> None:
    failure = start_failed(PLAN, "start", "the moon is\nfull")
    assert failure.reason == "the Docker Engine refused: the moon is full"


def test_the_image_may_be_another_than_the_classes_own() -> None:
    assert "python:3" in start_failed(PLAN, "image", "manifest unknown", "python:3").reason


@given(st.text(), st.integers(min_value=10, max_value=400))
def test_a_shortened_message_is_one_line_of_bounded_length(message: str, limit: int) -> None:
    line = shortened(message, limit)
    assert len(line) <= limit + len(" … ")
    assert len(line.splitlines()) <= 1


@given(st.text())
def test_no_message_breaks_the_explanation(message: str) -> None:
    assert start_failed(PLAN, "start", message).reason
