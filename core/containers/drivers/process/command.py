"""What is run for an instance: the command with its port, its environment, and the executable found."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.containers.drivers.protocol import InstancePlan, StartFailed

PORT_PLACEHOLDER = "{port}"
DEPLOYMENT_VARIABLE = "HYBRID_TUI_DEPLOYMENT"
REGION_VARIABLE = "HYBRID_TUI_REGION"
INSTANCE_VARIABLE = "HYBRID_TUI_INSTANCE"
"""What every child is told about itself."""
_PASSED_ON = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TERM"),
    *("VIRTUAL_ENV", "PYTHONPATH", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
)
"""What a child gets of the engine's environment: enough to run, and no secret that it did not declare."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command ready to be run; ``arguments`` begins with the executable's path."""

    arguments: tuple[str, ...]
    environment: dict[str, str]
    folder: Path
    disk: Path | None = None
    """The folder of its own that its TMPDIR names; None where it declares another."""


def make_command(
    plan: InstancePlan, deployment: str, port: int, inherited: Mapping[str, str], marks: Mapping[str, str]
) -> Command:
    """Return what to run, with ``marks`` in its environment too.

    Raises StartFailed with advice when there is nothing that can be run.
    """
    container = plan.container
    command = plan.entrypoint or container.command
    if not command:
        raise StartFailed(
            f"the container {container.name} has no command, and the process driver runs no images",
            "create",
            advice=f'add command = ["python", "app.py", "--port", "{PORT_PLACEHOLDER}"] to the '
            f"[[containers]] table of {container.name}, or run its region on Docker",
        )
    if not plan.folder.is_dir():
        raise StartFailed(
            f"the folder {plan.folder} is not there", "create", advice="the deployment's folder was moved"
        )
    environment = make_environment(plan, deployment, port, inherited) | dict(marks)
    words = [word.replace(PORT_PLACEHOLDER, str(port)) for word in command]
    executable = _find(words[0], environment, plan)
    return Command((executable, *words[1:]), environment, plan.folder)


def make_environment(
    plan: InstancePlan, deployment: str, port: int, inherited: Mapping[str, str]
) -> dict[str, str]:
    """Return the child's environment: what is passed on, what is declared, and where to listen.

    The folder of this very interpreter comes first on PATH, so that ``python`` has the same packages.
    """
    environment = {
        name: value for name, value in inherited.items() if name in _PASSED_ON or name.startswith("LC_")
    }
    own_folder = str(Path(sys.executable).parent)
    environment["PATH"] = os.pathsep.join((own_folder, inherited.get("PATH", os.defpath)))
    environment |= plan.container.env
    environment["PORT"] = str(port)
    environment[DEPLOYMENT_VARIABLE] = deployment
    environment[INSTANCE_VARIABLE] = plan.instance
    environment[REGION_VARIABLE] = plan.region
    return environment


def _find(word: str, environment: Mapping[str, str], plan: InstancePlan) -> str:
    """Return the executable's path; a path with a slash counts from the deployment's folder."""
    if os.path.dirname(word):
        path = plan.folder / word
        if path.is_file() and os.access(path, os.X_OK):
            return str(path)
        problem = "is not executable" if path.exists() else "is not there"
        advice = f"run chmod +x {path}" if path.is_file() else "paths count from the folder of hybrid.toml"
        raise _cannot_run(f"{path} {problem}", advice, plan)
    found = shutil.which(word, path=environment["PATH"])
    if found is None:
        raise _cannot_run(f"there is no program {word} on PATH", "install it, or write its path", plan)
    return found


def _cannot_run(problem: str, advice: str, plan: InstancePlan) -> StartFailed:
    return StartFailed(
        f"the command of the container {plan.container.name} cannot be run: {problem}",
        "create",
        advice=advice,
    )
