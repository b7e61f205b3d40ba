"""Run requests and events through a loaded Worker, whatever brings them."""

import asyncio
import inspect
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import Any

from core.http.messages import Request, Response
from core.worker.python.instance import CallBinding
from core.worker.python.loader import HANDLERS, find_entrypoint, load_module, report
from core.worker.python.messages import WrongAnswer, to_wire_request, to_wire_response, to_worker_request
from core.worker.python.messages import to_worker_response as _to_worker_response
from core.worker.python.namespace import make_env
from core.worker.python.sdk import containers, workers
from core.worker.python.visit import CpuLimitExceeded, Visit
from core.worker.runtime import ContainerSignal, Scheduled, SubRequest, WorkerEvent

WAIT_UNTIL_S = 30.0
"""How long work may go on after the response."""


class _Context:
    def __init__(self, visit: Visit) -> None:
        self.wait_until = self.waitUntil = visit.wait_until


class Host:
    """A loaded Worker, ready for requests. Raises LoadError for a module that cannot be used.

    ``bindings`` gives the name of the container class behind each binding, ``call`` carries the Worker's
    calls of them, ``module_names`` are put into its module before it is loaded.
    """

    def __init__(
        self,
        main: Path,
        variables: Mapping[str, Any],
        bindings: Mapping[str, str],
        call: CallBinding,
        module_names: Mapping[str, Any] | None = None,
    ) -> None:
        self.folder = main.parent
        self._module = load_module(main, module_names or {})
        self._entrypoint = find_entrypoint(self._module, main)
        self.handlers = [name for name in HANDLERS if callable(getattr(self._entrypoint, name, None))]
        """What the Worker's ``Default`` handles."""
        self._call = call
        self._bindings = tuple(bindings)
        self._behind: dict[str, type[Any] | None] = {}
        self._env, self._namespaces = make_env(variables, bindings, call, self._class_behind)
        self._background: set[asyncio.Task[None]] = set()

    @property
    def classes(self) -> list[str]:
        """Return the container classes that the Worker's module defines or imports."""
        return [name for name in vars(self._module) if self._class_called(name) is not None]

    async def answer(self, visit: Visit, request: Request) -> Response:
        """Call the Worker's ``fetch``. Raises what it raises, and WrongAnswer."""
        self._prepare(visit)
        entrypoint = self._entrypoint(_Context(visit), self._env)
        if "fetch" not in self.handlers:
            raise WrongAnswer("the Worker's class Default has no fetch method")
        result = entrypoint.fetch(to_worker_request(request))
        if inspect.isawaitable(result):
            result = await result
        return to_wire_response(result, request.method)

    async def handle(self, visit: Visit, event: WorkerEvent) -> bool:
        """Let the Worker handle an event; return whether it has a handler. Raises what it raises."""
        self._prepare(visit)
        if isinstance(event, Scheduled):
            return await self._scheduled(visit, event)
        return await self._signalled(event)

    async def _scheduled(self, visit: Visit, event: Scheduled) -> bool:
        if "scheduled" not in self.handlers:
            return False
        context = _Context(visit)
        method = self._entrypoint(context, self._env).scheduled
        values = (workers.ScheduledController(event.cron, event.time_ms), self._env, context)
        # The platform's own templates have (self, controller) as well as (self, controller, env, ctx).
        result = method(*values[: max(1, len(inspect.signature(method).parameters))])
        if inspect.isawaitable(result):
            await result
        return True

    async def _signalled(self, signal: ContainerSignal) -> bool:
        namespace = self._namespaces.get(signal.binding)
        target = namespace.object(signal.instance) if namespace is not None else None
        if not isinstance(target, containers.Container):
            return False
        return await target.take_signal(signal.kind, signal.exit_code, signal.reason, signal.message)

    def _prepare(self, visit: Visit) -> None:
        """Give a visit the ways out that its Worker has."""

        async def send_outside(request: workers.Request) -> workers.Response:
            sub_request = SubRequest(visit.trace_id, visit.next_sub_request(), "")
            response = await self._call(sub_request, to_wire_request(request, outside=True))
            if response.close is not None:
                visit.hold(response.close)
            return _to_worker_response(response)

        def wait_until(awaitable: Awaitable[Any]) -> None:
            visit.enter_background()
            task = asyncio.ensure_future(self._run_on(awaitable, visit))
            self._background.add(task)
            task.add_done_callback(self._background.discard)

        visit.send_outside, visit.wait_until = send_outside, wait_until

    def _class_behind(self, binding: str, name: str) -> type[Any] | None:
        """Return the class declared for a binding, else that of its name, else the only one for the only."""
        if binding not in self._behind:
            self._behind[binding] = self._class_called(name or self._name_behind(binding))
        return self._behind[binding]

    def _name_behind(self, binding: str) -> str:
        defined = [one for one in self.classes if vars(self._module)[one].__module__ == self._module.__name__]
        alike = [one for one in defined if one.lower() == binding.replace("_", "").lower()]
        chosen = alike or (defined if len(defined) == len(self._bindings) == 1 else [])
        return chosen[0] if chosen else ""

    def _class_called(self, name: str) -> type[Any] | None:
        found = getattr(self._module, name, None)
        if isinstance(found, type) and issubclass(found, workers.DurableObject):
            return found
        return None

    async def _run_on(self, awaitable: Awaitable[Any], visit: Visit) -> None:
        try:
            async with asyncio.timeout(WAIT_UNTIL_S):
                await awaitable
        except TimeoutError:
            visit.log("warning", f"wait_until: given up after {WAIT_UNTIL_S:g} s")
        except (Exception, CpuLimitExceeded) as error:
            visit.log("exception", report(error, self.folder))
        finally:
            await visit.leave_background()

    async def stop(self) -> None:
        """Cancel work that outlived its request."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
