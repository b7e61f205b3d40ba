"""Which runtime a deployment's Worker gets, and what that is given of the deployment."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict

from core.events.bus import EventBus
from core.events.types import WorkerLogged
from core.model.deployment import Deployment
from core.model.worker import RuntimeName
from core.worker.isolate import Launcher
from core.worker.runtime import BindingFetch, Runtime

LogLevel = Literal["log", "warning", "error", "exception"]


class _Given(TypedDict):
    """What every launcher is given."""

    main: Path
    binding_fetch: BindingFetch
    on_log: Callable[[str, LogLevel, str], None]
    variables: dict[str, str]
    sub_request_limit: int


@dataclass(frozen=True, slots=True)
class _Bound:
    """A binding to a container class, and the class that the Worker exports for it."""

    name: str
    class_name: str


def make_runtime(deployment: Deployment, binding_fetch: BindingFetch, bus: EventBus) -> Runtime:
    """Make the Worker's runtime: supervised isolates, each a process of its own."""
    from core.worker.supervisor.replay import RememberedCalls
    from core.worker.supervisor.runtime import SupervisedRuntime

    calls = RememberedCalls(binding_fetch)
    limits = deployment.worker.limits
    return SupervisedRuntime(
        _make_launcher(deployment, calls.fetch, bus),
        worker=deployment.name,
        bus=bus,
        calls=calls,
        cpu_limit_ms=limits.cpu_ms,
        memory_limit_mib=limits.memory_mib,
    )


def make_inline_runtime(
    deployment: Deployment, binding_fetch: BindingFetch, bus: EventBus, rng: random.Random
) -> Runtime:
    """Make the runtime of virtual time: a Python Worker inside this process."""
    from core.worker.inline import InlineRuntime

    return InlineRuntime(
        worker=deployment.name,
        main=deployment.folder / deployment.worker.main,
        binding_fetch=binding_fetch,
        bus=bus,
        rng=rng,
        variables=deployment.variables,
        bindings=_class_names(deployment),
        sub_request_limit=deployment.worker.limits.sub_requests,
    )


def _make_launcher(deployment: Deployment, binding_fetch: BindingFetch, bus: EventBus) -> Launcher:
    """Make what starts isolates; each language's room is imported only where it is used."""
    given = _Given(
        main=deployment.folder / deployment.worker.main,
        binding_fetch=binding_fetch,
        on_log=_logger(deployment.name, bus),
        variables=deployment.variables,
        sub_request_limit=deployment.worker.limits.sub_requests,
    )
    return _LAUNCHERS[deployment.worker.runtime_name](deployment, given)


def _python(deployment: Deployment, given: "_Given") -> Launcher:
    from core.worker.python.launcher import PythonLauncher

    cpu_limit_ms = deployment.worker.limits.cpu_ms
    return PythonLauncher(**given, bindings=_class_names(deployment), cpu_limit_ms=cpu_limit_ms)


def _deno(deployment: Deployment, given: "_Given") -> Launcher:
    from core.worker.deno.launcher import BindingInfo, DenoLauncher

    bindings = [BindingInfo(*pair) for pair in _class_names(deployment).items()]
    heap_limit_mib = deployment.worker.limits.memory_mib
    return DenoLauncher(
        **given,
        worker=deployment.name,
        bindings=bindings,
        folder=deployment.folder,
        heap_limit_mib=heap_limit_mib,
    )


def _workerd(deployment: Deployment, given: "_Given") -> Launcher:
    from core.worker.workerd.launcher import WorkerdLauncher

    bindings = [_Bound(*pair) for pair in _class_names(deployment).items()]
    memory_limit_mib = deployment.worker.limits.memory_mib
    return WorkerdLauncher(
        **given, bindings=bindings, folder=deployment.folder, memory_limit_mib=memory_limit_mib
    )


_LAUNCHERS: dict[RuntimeName, Callable[[Deployment, "_Given"], Launcher]] = {
    "python": _python,
    "deno": _deno,
    "workerd": _workerd,
}


def _class_names(deployment: Deployment) -> dict[str, str]:
    """Return the name of the container class behind each binding; empty where none is declared."""
    return {one.binding: one.class_name for one in deployment.containers}


def _logger(worker: str, bus: EventBus) -> Callable[[str, LogLevel, str], None]:
    def log(trace_id: str, level: LogLevel, text: str) -> None:
        bus.publish(
            WorkerLogged(time_s=bus.now_s(), worker=worker, trace_id=trace_id, level=level, message=text)
        )

    return log
