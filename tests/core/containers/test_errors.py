"""The platform's answers, to the letter."""

import pytest

from core.containers import errors
from core.containers.drivers.protocol import DriverUnavailable, StartFailed
from core.containers.service import ContainerAnswer
from tests.core.containers.rig import read


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (errors.no_instance("no Docker"), 503, "There is no Container instance available at this time."),
        (errors.start_failed("boom"), 500, "Failed to start container: boom"),
        (
            errors.max_instances_exceeded("app", 3),
            500,
            "Failed to start container: Maximum number of running container instances exceeded. Try again "
            "later, or try configuring a higher value for max_instances",
        ),
        (errors.disconnected("reset", "app-1"), 500, "Container suddenly disconnected, try again"),
        (
            errors.not_listening(8080, "refused"),
            500,
            "Error proxying request to container: The container is not listening in the TCP address "
            "10.0.0.1:8080",
        ),
    ],
)
async def test_the_status_and_body_are_the_platforms(answer: ContainerAnswer, status: int, body: str) -> None:
    assert answer.response.status == status
    assert (await read(answer)).decode() == body
    assert answer.error


@pytest.mark.parametrize(
    ("failure", "status", "start"),
    [
        (DriverUnavailable("gone"), 503, b"There is no"),
        (StartFailed("exit 1", "boot"), 500, b"Failed to start container: exit 1"),
        (StartFailed("silent", "boot", not_listening=True), 500, b"Error proxying"),
    ],
)
async def test_a_failed_start_is_answered_by_its_kind(
    failure: StartFailed | DriverUnavailable, status: int, start: bytes
) -> None:
    answer = errors.answer_for(failure, 8080, "app-1")
    assert answer.response.status == status
    assert (await read(answer)).startswith(start)
