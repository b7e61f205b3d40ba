"""What a Worker finds in ``self.env`` for a container class: instances by name, and their objects."""

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from core.worker.python.instance import CallBinding, InstanceHandle
from core.worker.python.sdk import workers
from core.worker.python.sdk.workers.body import BodyInit
from core.worker.python.sdk.workers.headers import HeadersInit
from core.worker.python.sdk.workers.outbound import Send, current_visit, follow, make_request
from core.worker.python.sdk.workers.request import Redirect


@dataclass(frozen=True, slots=True)
class InstanceId:
    """The id of an instance; its text is 64 hexadecimal digits."""

    name: str

    def __str__(self) -> str:
        return hashlib.sha256(self.name.encode()).hexdigest()

    def equals(self, other: "InstanceId") -> bool:
        """Say whether both are of the same instance."""
        return self == other


class ObjectContext:
    """``self.ctx`` of an object of a container class."""

    def __init__(self, instance: InstanceHandle, wait_until: Callable[[Awaitable[Any]], None]) -> None:
        self.id = InstanceId(instance.name)
        self.container = instance
        self.wait_until = self.waitUntil = wait_until


class _Fetcher:
    """What has a ``fetch`` with the options of ``Request``."""

    _send: Send

    async def fetch(
        self,
        resource: "str | workers.Request",
        *,
        method: str | None = None,
        headers: HeadersInit = None,
        body: BodyInit = None,
        redirect: Redirect | None = None,
    ) -> workers.Response:
        """Send a request to the container; options as of ``Request``."""
        request = make_request(resource, method=method, headers=headers, body=body, redirect=redirect)
        return await follow(request, self._send)


class Namespace(_Fetcher):
    """A binding of a container class. ``fetch`` straight away reaches any instance."""

    def __init__(
        self, binding: str, call: CallBinding, find_class: Callable[[], type[Any] | None], env: workers.Env
    ) -> None:
        self._binding = binding
        self._call = call
        self._find_class = find_class
        self._env = env
        self._objects: dict[str, Any] = {}
        self._send = InstanceHandle(binding, "", call).fetch

    def id_from_name(self, name: str) -> InstanceId:
        """Return the id of the instance of that name."""
        return InstanceId(str(name))

    def new_unique_id(self) -> InstanceId:
        """Return the id of an instance that nobody has named."""
        return InstanceId(secrets.token_hex(32))

    def get(self, instance_id: InstanceId) -> "Stub":
        """Return what reaches the instance of that id. Raises TypeError for anything else."""
        if not isinstance(instance_id, InstanceId):
            raise TypeError(
                f"env.{self._binding}.get takes an id of id_from_name(name), not {instance_id!r}; "
                f"or use env.{self._binding}.get_by_name(name)"
            )
        return Stub(self, instance_id)

    def get_by_name(self, name: str) -> "Stub":
        """Return what reaches the instance of that name."""
        return Stub(self, self.id_from_name(name))

    idFromName = id_from_name  # noqa: N815 (the platform's names)
    newUniqueId = new_unique_id  # noqa: N815
    getByName = get_by_name  # noqa: N815

    def handle(self, name: str) -> InstanceHandle:
        """Return the instance itself, for a Worker without a class for it."""
        return InstanceHandle(self._binding, name, self._call)

    def object(self, name: str) -> Any:
        """Return the object of the instance's class, made at first use; None without a class."""
        if name not in self._objects:
            found = self._find_class()
            if found is None:
                return None
            self._objects[name] = found(ObjectContext(self.handle(name), _keep_running), self._env)
        return self._objects[name]


class Stub(_Fetcher):
    """One instance, seen from the Worker: ``fetch``, and the methods of its class."""

    def __init__(self, namespace: Namespace, instance_id: InstanceId) -> None:
        self.id = instance_id
        self.name = instance_id.name
        self._namespace = namespace
        target = namespace.object(self.name)
        self._object = target
        self._send = namespace.handle(self.name).fetch if target is None else target.fetch

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        if name.startswith("_"):
            raise AttributeError(name)
        method = getattr(self._object, name, None)
        if self._object is None:
            raise AttributeError(f"no container class is exported for this binding: it has no method {name}")
        if not callable(method):
            raise AttributeError(f"the container's class has no method {name}")

        async def call(*values: Any, **named: Any) -> Any:
            result = method(*values, **named)
            return await result if isinstance(result, Awaitable) else result

        return call


def _keep_running(awaitable: Awaitable[Any]) -> None:
    current_visit("ctx.wait_until").wait_until(awaitable)


def make_env(
    variables: Mapping[str, Any],
    bindings: Mapping[str, str],
    call: CallBinding,
    find_class: Callable[[str, str], type[Any] | None],
) -> tuple[workers.Env, dict[str, Namespace]]:
    """Return ``self.env`` and the bindings in it; ``bindings`` gives the name of each one's class."""
    env = workers.Env(variables)
    namespaces = {
        name: Namespace(name, call, partial(find_class, name, named), env) for name, named in bindings.items()
    }
    env.add(namespaces)
    return env, namespaces
