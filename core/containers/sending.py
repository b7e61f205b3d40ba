"""Send one request to the instance that it was given, and say what became of it."""

from core.containers import errors
from core.containers.drivers.protocol import ContainerConnectionError, DriverUnavailable
from core.containers.held import hold
from core.containers.instance import Instance
from core.containers.pool import Lease
from core.containers.service import ContainerAnswer
from core.http.messages import Request

_EXIT_NOTICED_WITHIN_S = 0.25
"""When nothing listens any more: how long to wait for the news that the program has ended."""


async def send(lease: Lease, request: Request, port: int | None = None) -> ContainerAnswer | None:
    """Return the answer; None when the instance had ended, got nothing, and another may be tried."""
    instance = lease.instance
    instance.enter()
    try:
        response = await instance.driver.fetch(instance.plan, request, port)
    except ContainerConnectionError as error:
        instance.leave()
        return await _lost_connection(instance, error, port or instance.plan.container.port)
    except DriverUnavailable as error:
        instance.leave()
        lease.watch.lost(error)
        return errors.no_instance(error.message)
    except BaseException:
        instance.leave()
        raise
    else:
        instance.responded()
        return ContainerAnswer(hold(response, instance.leave), instance.name, 0.0)
    finally:
        if lease.record is not None:
            lease.record.leave()


async def _lost_connection(
    instance: Instance, error: ContainerConnectionError, port: int
) -> ContainerAnswer | None:
    if error.connected:
        return errors.disconnected(str(error), instance.name)
    # That nothing listens on another port than its own says nothing about the program.
    is_own = port == instance.plan.container.port
    if await instance.left_ready_within(_EXIT_NOTICED_WITHIN_S if is_own else 0.0):
        return None
    return errors.not_listening(port, str(error), instance.name)
