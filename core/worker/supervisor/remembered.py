"""One call of a binding, remembered: under way, or with the response that nobody has touched yet."""

import asyncio
import contextlib

from core.http.messages import Response

What = tuple[str, str, str, int | None, str, str]
"""Binding, instance, operation, port, method and target of a call."""


class Call:
    """A call, its outcome, and whether it can be given to another isolate."""

    __slots__ = ("_has_body", "attempt", "let_go", "task", "touched", "what")

    def __init__(self, what: What, task: "asyncio.Future[Response]", *, has_body: bool) -> None:
        self.what = what
        self.task = task
        self.attempt = 0
        """The attempt at the request to which the call was given last."""
        self.let_go = False
        """The isolate that has it wants it no more."""
        self.touched = False
        """Its response was read, or freed."""
        self._has_body = has_body

    @property
    def intact(self) -> bool:
        """Say whether another isolate would get the same from it."""
        if self.touched:
            return False
        if not self.task.done():
            return True
        if self.task.cancelled():
            return False
        # A call whose body came from the lost isolate may have failed for that reason.
        return self.task.exception() is None or not self._has_body

    async def settled(self) -> None:
        """Return when the call has an outcome; to be cancelled without cancelling the call."""
        if self.task.done():
            return
        waiter = asyncio.get_running_loop().create_future()

        def tell(_: object) -> None:
            if not waiter.done():
                waiter.set_result(None)

        self.task.add_done_callback(tell)
        await waiter

    async def free(self) -> None:
        """Cancel the call where it is under way; close its response where there is one."""
        self.task.cancel()
        await asyncio.wait((self.task,))
        if self.task.cancelled() or self.task.exception() is not None:
            return
        with contextlib.suppress(Exception):
            await release(self.task.result())


async def release(response: Response) -> None:
    """Free what a response holds, however much of it was read."""
    if response.close is not None:
        await response.close()
    elif response.tunnel is not None:
        await response.tunnel.close()
    else:
        aclose = getattr(response.body, "aclose", None)
        if aclose is not None:
            await aclose()
