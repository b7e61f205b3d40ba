"""The platform's own answers in a container's place: exact statuses and first words of the bodies.

Source: ``containerFetch`` of the platform's Container class, version 0.3.7.
"""

from core.containers.drivers.protocol import DriverUnavailable, StartFailed
from core.containers.service import ContainerAnswer
from core.http.messages import text_response

NO_INSTANCE = "There is no Container instance available at this time."
DISCONNECTED = "Container suddenly disconnected, try again"
MAX_INSTANCES = (
    "Maximum number of running container instances exceeded. "
    "Try again later, or try configuring a higher value for max_instances"
)


def _answer(status: int, body: str, error: str, instance: str = "") -> ContainerAnswer:
    return ContainerAnswer(text_response(status, body), instance, 0.0, error)


def no_instance(reason: str) -> ContainerAnswer:
    """Answer 503: nothing below can run an instance now; ``reason`` says what is wrong."""
    return _answer(503, NO_INSTANCE, reason)


def start_failed(reason: str, instance: str = "") -> ContainerAnswer:
    """Answer 500: an instance could not be started."""
    return _answer(500, f"Failed to start container: {reason}", reason, instance)


def unknown_class(container: str, region: str) -> ContainerAnswer:
    """Answer 500: the class does not run in the region."""
    return start_failed(f"there is no container class {container} in the region {region}")


def invalid_operation(reason: str, instance: str) -> ContainerAnswer:
    """Answer 400: the Worker asked for something of an instance that makes no sense."""
    return _answer(400, reason, reason, instance)


def max_instances_exceeded(container: str, max_instances: int) -> ContainerAnswer:
    """Answer 500 (not 503): all ``max_instances`` of the class are in use in other places."""
    error = f"all {max_instances} instances of {container} (max_instances) are in use"
    return _answer(500, f"Failed to start container: {MAX_INSTANCES}", error)


def not_listening(port: int, reason: str, instance: str = "") -> ContainerAnswer:
    """Answer 500: the program runs, but nothing answers at its port."""
    body = (
        "Error proxying request to container: "
        f"The container is not listening in the TCP address 10.0.0.1:{port}"
    )
    return _answer(500, body, reason, instance)


def disconnected(reason: str, instance: str) -> ContainerAnswer:
    """Answer 500: the connection to the instance broke before its response began."""
    return _answer(500, DISCONNECTED, reason, instance)


def answer_for(failure: StartFailed | DriverUnavailable, port: int, instance: str) -> ContainerAnswer:
    """Return the answer for a start that failed."""
    if isinstance(failure, DriverUnavailable):
        return no_instance(failure.message)
    if failure.not_listening:
        return not_listening(port, failure.reason, instance)
    return start_failed(failure.reason, instance)
