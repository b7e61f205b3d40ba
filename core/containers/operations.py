"""What a Worker does with a named instance beside sending it requests: ctx.container's operations."""

import signal
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from core.clock import Clock
from core.containers import errors
from core.containers.ending import Wish
from core.containers.named import Named
from core.containers.pool import Lease
from core.containers.service import ContainerAnswer
from core.containers.start_options import check_positive, parse_start_options
from core.events.types import InstanceState
from core.http.messages import Response, one_chunk

Options = Mapping[str, Any]
_HIGHEST_SIGNAL = 64
_STATUS: dict[InstanceState, str] = {"ready": "healthy", "stopping": "stopping"}
"""Up in any other state it is ``running``: so the platform calls it from the start call on."""


class Operations:
    """Carry operations out."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, Callable[[Named, str, Options], Awaitable[ContainerAnswer | None]]] = {
            "start": self._start,
            "state": _nothing,
            "signal": _signal,
            "destroy": _destroy,
            "sleep_after": _sleep_after,
            "renew": _renew,
        }

    async def operate(self, named: Named, region: str, operation: str, options: Options) -> ContainerAnswer:
        """Carry one out and answer with the state after it, or with what was refused.

        Raises DriverUnavailable when the engine below is gone.
        """
        work = self._known.get(operation)
        if work is None:
            known = ", ".join(self._known)
            return errors.invalid_operation(f"there is no operation {operation}, only {known}", named.label)
        try:
            refusal = await work(named, region, options)
        except ValueError as error:
            return errors.invalid_operation(str(error), named.label)
        return refusal or self._state(named)

    async def _start(self, named: Named, region: str, options: Options) -> ContainerAnswer | None:
        parsed = parse_start_options(options)
        refusal = await named.begin_unless_up(region, parsed, "the Worker starts it")
        if refusal is not None or not parsed.wait:
            return refusal
        asked_s = self._clock.now_s()
        found = await named.acquire(region, limit_s=parsed.timeout_s)
        waited_ms = round((self._clock.now_s() - asked_s) * 1000, 3)
        if isinstance(found, Lease):
            if found.record is not None:
                found.record.leave()
            found = self._state(named)
        found.cold_wait_ms = waited_ms
        return found

    def _state(self, named: Named) -> ContainerAnswer:
        body = msgspec.json.encode(self._describe(named))
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        return ContainerAnswer(Response(200, headers, one_chunk(body)), named.label, 0.0)

    def _describe(self, named: Named) -> dict[str, str | int | None]:
        """Return the state in the platform's words; ``since_ms`` counts from 1970, 0 where it never ran."""
        instance = named.instance
        if instance is None:
            return {"status": "stopped", "exit_code": None, "since_ms": 0}
        for_s = self._clock.now_s() - instance.changed_s
        since_ms = round((self._clock.wall_time().timestamp() - for_s) * 1000)
        if not instance.is_down:
            status = _STATUS.get(instance.state, "running")
            return {"status": status, "exit_code": None, "since_ms": since_ms}
        exit_code = instance.end.exit_code if instance.end is not None else None
        status = "stopped" if exit_code is None else "stopped_with_code"
        return {"status": status, "exit_code": exit_code, "since_ms": since_ms}


async def _nothing(named: Named, region: str, options: Options) -> None:
    """The state alone is asked for."""


async def _signal(named: Named, region: str, options: Options) -> None:
    number = options.get("signal", signal.SIGTERM)
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= _HIGHEST_SIGNAL:
        raise ValueError(f"a signal is a number from 1 to {_HIGHEST_SIGNAL}, not {number!r}")
    instance = named.instance
    if instance is None:
        return
    if number == signal.SIGTERM:
        instance.ask(Wish("the Worker sent it SIGTERM"))
    elif number == signal.SIGKILL:
        instance.ask(Wish("the Worker sent it SIGKILL", kill=True))
    else:
        await instance.signal(number)


async def _destroy(named: Named, region: str, options: Options) -> None:
    if named.instance is not None:
        named.instance.ask(Wish("destroyed by the Worker", kill=True))
        await named.instance.until_down()


async def _sleep_after(named: Named, region: str, options: Options) -> None:
    seconds = check_positive("sleep_after", options.get("seconds"))
    if named.instance is not None:
        named.instance.idle.set_limit(seconds)


async def _renew(named: Named, region: str, options: Options) -> None:
    if named.instance is not None:
        named.instance.idle.renew()
