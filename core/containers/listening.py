"""The wait for a program's port, for as long as its class allows."""

import asyncio

from core.containers.drivers.protocol import Driver, InstancePlan, StartFailed


async def until_listening(plan: InstancePlan, driver: Driver) -> None:
    """Return when the instance's port answers. Raises StartFailed after the class's ready_timeout."""
    container = plan.container
    try:
        async with asyncio.timeout(None if plan.patient else container.ready_timeout) as limit:
            await driver.wait_until_listening(plan)
    except TimeoutError:
        if not limit.expired():
            raise
        raise StartFailed(
            f"the program runs, but its port {container.port} did not answer within "
            f"{container.ready_timeout:g} s (ready_timeout)",
            "boot",
            not_listening=True,
            advice="let it listen on the port given in the variable PORT, on all addresses (0.0.0.0), "
            f"or raise ready_timeout of the container {container.name}",
        ) from None
