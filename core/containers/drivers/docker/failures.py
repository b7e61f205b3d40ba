"""The Engine's refusals as a person should read them: what happened to which image, and what to do.

Source of the messages: what Docker Engine 20.10 to 28 answers in each case.
"""

import re
from typing import NamedTuple

from core.containers.drivers.docker.errors import EngineError
from core.containers.drivers.docker.instances import exit_reason
from core.containers.drivers.protocol import Exit, InstancePlan, StartFailed
from core.events.types import PhaseName

NOT_EXECUTED = (126, 127)
"""Exit codes of a program that may not be executed, or is not there."""


class Known(NamedTuple):
    """A message of the Engine, and what it means. {image}, {class} and the pattern's groups are filled in."""

    pattern: str
    reason: str
    advice: str


KNOWN = (
    Known(
        r"manifest (for \S+ )?(not found|unknown)|no match for platform|no such manifest",
        "the image {image} does not exist in its registry",
        "Look at the name and the tag: image = in hybrid.toml.",
    ),
    Known(
        r"no basic auth credentials",
        "the registry of the image {image} asks for a login",
        "Pull it once with docker pull {image} after docker login, or use an image that is already here.",
    ),
    Known(
        r"verification failed for digest|unknown blob|unexpected HTTP status",
        "the image {image} is broken in its registry ({message})",
        "Push it again: docker push {image}.",
    ),
    Known(
        r"invalid reference format",
        "{image} cannot be the name of an image ({message})",
        "Mend image = in hybrid.toml; names are in lower case, such as registry.example/shop/app:1.",
    ),
    Known(
        r"pull access denied|unauthorized|authentication required|denied: requested access",
        "the image {image} does not exist, or its registry asks for a login",
        "Look at the name; for a private image pull it once with docker pull {image} after docker login.",
    ),
    Known(
        r"no such host|temporary failure in name resolution|server misbehaving",
        "the image {image} is not here, and its registry's name cannot be looked up",
        "Look at the network connection, use an image that is already here (docker image ls), "
        "or run without Docker: --driver process.",
    ),
    Known(
        r"connection refused|i/o timeout|context deadline exceeded|network is unreachable|TLS handshake|"
        r"request canceled while waiting for connection|EOF$",
        "the image {image} is not here, and its registry cannot be reached",
        "Look at the network connection and at proxies in the Engine's settings, use an image that is "
        "already here (docker image ls), or run without Docker: --driver process.",
    ),
    Known(
        r"toomanyrequests|rate limit",
        "the registry gives no more pulls for now, so that the image {image} could not be fetched",
        "Log in (docker login), or wait and start again.",
    ),
    Known(
        r"No such image",
        "the image {image} is not here any more",
        "It is fetched or built again at the next start.",
    ),
    Known(
        r"no space left on device",
        "the Docker Engine's disk is full",
        "Make room: docker system df, then docker system prune.",
    ),
    Known(
        r'exec: "(?P<program>[^"]+)": (stat \S+: no such file or directory|executable file not found)'
        r"|\[FATAL tini \(\d+\)\] exec (?P<first>\S+) failed: No such file",
        "the image {image} starts the program {program}{first}, which is not in it",
        "Look at CMD and ENTRYPOINT in its Dockerfile, and at the first line of a script.",
    ),
    Known(
        r'exec: "(?P<program>[^"]+)": permission denied'
        r"|\[FATAL tini \(\d+\)\] exec (?P<first>\S+) failed: Permission denied",
        "the image {image} starts {program}{first}, which may not be executed",
        "Make it executable in the Dockerfile: RUN chmod +x {program}{first}.",
    ),
    Known(
        r"no command specified",
        "the image {image} does not say which program to start",
        "Give its Dockerfile a CMD.",
    ),
    Known(
        r"exec format error|does not match the (specified|detected) (host )?platform",
        "the image {image} is made for another kind of processor",
        "Build it here, or take the image for this machine's processor.",
    ),
    Known(
        r"port is already allocated|address already in use",
        "the port to publish the container on is taken",
        "It is chosen anew at the next start.",
    ),
    Known(
        r"Minimum memory limit",
        "the Docker Engine does not take so small a memory limit",
        "Choose a larger instance_type.",
    ),
    Known(
        r"network \S+ not found|no such network",
        "the region's Docker network is gone",
        "It is made again when the region is opened; restart the deployment.",
    ),
    Known(
        r"no available IPv4 addresses",
        "the region's Docker network has no address left",
        "Lower max_instances to at most 250 in a region.",
    ),
    Known(
        r"cgroup|Cgroup",
        "the Docker Engine cannot limit memory or CPU here ({message})",
        "Look at docker info for warnings about cgroups.",
    ),
)


def start_failed(plan: InstancePlan, phase: PhaseName, message: str, image: str = "") -> StartFailed:
    """Make the failure of a start from a message of the Engine.

    ``image`` is what the message is about, where that is not the image of the class.
    """
    image = image or plan.container.image or plan.container.name
    for known in KNOWN:
        found = re.search(known.pattern, message, re.IGNORECASE)
        if found:
            fields = {"image": image, "message": shortened(message), **found.groupdict(default="")}
            return StartFailed(known.reason.format(**fields), phase, advice=known.advice.format(**fields))
    return StartFailed(f"the Docker Engine refused: {shortened(message)}", phase)


def refused(plan: InstancePlan, phase: PhaseName, error: EngineError) -> StartFailed:
    """Make the failure of a start from a refusal of the Engine."""
    return start_failed(plan, phase, error.message)


def ended_early(plan: InstancePlan, ended: Exit, image: str) -> StartFailed:
    """Make the failure of a start whose program ended before its port answered.

    With an init process the Engine's start call succeeds even when the program cannot be executed: that is
    told by exit code 126 or 127 and the init's own words.
    """
    if ended.exit_code in NOT_EXECUTED and "[FATAL tini" in ended.message:
        failure = start_failed(plan, "start", ended.message, image)
        failure.exit_code = ended.exit_code
        return failure
    return StartFailed(
        f"the program ended before its port answered: {exit_reason(ended)}",
        "boot",
        exit_code=ended.exit_code,
        out_of_memory=ended.out_of_memory,
        advice="Choose a larger instance_type."
        if ended.out_of_memory
        else f"Start it by hand to see more: docker run --rm {image}",
    )


def shortened(message: str, limit: int = 300) -> str:
    """Return the message on one line, its middle left out where it is long."""
    line = " ".join(message.split())
    return line if len(line) <= limit else f"{line[: limit // 2]} … {line[-limit // 2 :]}"
