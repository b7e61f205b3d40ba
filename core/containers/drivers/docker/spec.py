"""What is asked of the Engine: the bodies that create a region's network and an instance's container."""

from ipaddress import IPv4Network
from typing import Any

from core.containers.drivers.docker import labels
from core.containers.drivers.docker.subnets import gateway_of
from core.containers.drivers.protocol import InstancePlan

MIB = 1024 * 1024
LOG_MAX_SIZE = "4m"
LOG_MAX_FILES = "2"
STOP_TIMEOUT_S = 10
"""What ``docker stop`` of another user waits; the driver names its own grace at each stop."""
JOIN = "container:"
"""Before a container's id: the network mode of one that joins its network."""
MIN_CPUS = 0.01
"""The least that the Engine takes."""


def network_name(deployment: str, region: str) -> str:
    """Return the name of a region's network."""
    return f"hybrid-tui.{deployment}.{region}"


def internal_network_name(deployment: str, region: str) -> str:
    """Return the name of a region's network for instances that may not reach the outside."""
    return f"{network_name(deployment, region)}.internal"


def container_name(deployment: str, instance: str) -> str:
    """Return the name of an instance's container, as ``docker ps`` shows it."""
    return f"hybrid-tui.{deployment}.{instance}"


def network_body(
    name: str, subnet: IPv4Network, marks: dict[str, str], *, internal: bool = False
) -> dict[str, Any]:
    """Return the body of ``POST /networks/create``; from an internal one nothing outside is reached."""
    return {
        "Name": name,
        "CheckDuplicate": True,
        "Driver": "bridge",
        "Internal": internal,
        "IPAM": {"Config": [{"Subnet": str(subnet), "Gateway": gateway_of(subnet)}]},
        "Labels": marks,
    }


def region_marks(deployment: str, region: str, owner: labels.Owner) -> dict[str, str]:
    """Return the labels of everything made for a region."""
    return {labels.DEPLOYMENT: deployment, labels.REGION: region, **owner.labels}


def container_body(
    plan: InstancePlan,
    image: str,
    network: str,
    marks: dict[str, str],
    host_cpus: int,
    publish_on: str | None,
) -> dict[str, Any]:
    """Return the body of ``POST /containers/create``.

    ``host_cpus`` bounds the CPU limit, as the Engine refuses more than the host has. ``publish_on`` is
    the host address to publish the port on; None when the container is reached by its own address.
    """
    memory = plan.limits.memory_mib * MIB
    host_config: dict[str, Any] = {
        # Without it a program without a signal handler, as process 1, ignores SIGTERM.
        "Init": True,
        "Memory": memory,
        "MemorySwap": memory,
        # A boosted one gets its CPU limit when it is ready.
        "NanoCpus": 0 if plan.policy == "boosted" else nano_cpus(plan, host_cpus),
        # The engine decides about restarts; the Engine's own would bring back what was reaped.
        "RestartPolicy": {"Name": "no"},
        "LogConfig": {
            "Type": "json-file",
            "Config": {"max-size": LOG_MAX_SIZE, "max-file": LOG_MAX_FILES},
        },
        "NetworkMode": network,
    }
    exposed: dict[str, Any] = {}
    # Who joins the network of another container has no ports of its own: the Engine refuses them.
    if not network.startswith(JOIN):
        exposed = exposed_ports(plan)
        host_config |= published_ports(plan, publish_on)
    # With an entrypoint of one's own the Engine leaves the image's command out too.
    entrypoint = {"Entrypoint": list(plan.entrypoint)} if plan.entrypoint else {}
    return {
        **entrypoint,
        "Image": image,
        "Env": [f"{key}={value}" for key, value in environment(plan).items()],
        "ExposedPorts": exposed,
        "Labels": {
            **marks,
            labels.INSTANCE: plan.instance,
            labels.CONTAINER: plan.container.name,
        },
        "StopTimeout": STOP_TIMEOUT_S,
        "HostConfig": host_config,
    }


def exposed_ports(plan: InstancePlan) -> dict[str, Any]:
    """Return the body's part that names the class's port."""
    return {f"{plan.container.port}/tcp": {}}


def published_ports(plan: InstancePlan, publish_on: str | None) -> dict[str, Any]:
    """Return the host configuration's part that publishes the port on an address; nothing for None."""
    if publish_on is None:
        return {}
    return {"PortBindings": {f"{plan.container.port}/tcp": [{"HostIp": publish_on, "HostPort": ""}]}}


def nano_cpus(plan: InstancePlan, host_cpus: int) -> int:
    """Return the CPU limit in billionths of a CPU, bounded by what the host has."""
    return round(max(MIN_CPUS, min(plan.limits.vcpu, float(host_cpus))) * 1e9)


def environment(plan: InstancePlan) -> dict[str, str]:
    """Return the environment variables of the program: those declared, and the port to listen on."""
    return {"PORT": str(plan.container.port), **plan.container.env}
