"""One child process with all that it starts: a session of its own, its output, its end."""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence

from core.containers.drivers.process.command import Command
from core.containers.drivers.process.tail import Tail
from core.containers.drivers.protocol import Exit, InstancePlan, StartFailed

OUT_OF_MEMORY_EXIT_CODE = 137
"""What a container killed for memory exits with: 128 and the number of SIGKILL."""
_REST_LOOK_EVERY_S = 0.002
_REST_LOOKS = 50
"""A killed process that its new parent has not buried yet still counts; it is not waited for longer."""


class Child:
    """The program of one instance while it runs. ``ended`` is set once the whole group is gone."""

    def __init__(
        self, plan: InstancePlan, port: int, process: asyncio.subprocess.Process, tail: Tail
    ) -> None:
        self.plan = plan
        self.port = port
        self.pid = process.pid
        self.out_of_memory = False
        self.cpu_s = 0.0
        self.ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._process = process
        self._tail = tail
        self._waiting = asyncio.get_running_loop().create_task(self._wait(), name=f"child {plan.instance}")

    def terminate(self) -> None:
        """Send SIGTERM to the group."""
        self.signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL to the group."""
        self.signal(signal.SIGKILL)

    def freeze(self) -> None:
        """Send SIGSTOP to the group."""
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Send SIGCONT to the group."""
        self.signal(signal.SIGCONT)

    def signal(self, number: int) -> None:
        """Send any signal to the group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def kill_for_memory(self) -> None:
        """End the group as the kernel does when a container uses more memory than it may."""
        self.out_of_memory = True
        self.kill()

    async def until_ended(self, limit_s: float | None = None) -> bool:
        """Wait for the end, at most ``limit_s``; return whether it came."""
        await asyncio.wait({self.ended}, timeout=limit_s)
        return self.ended.done()

    def failure(self) -> StartFailed:
        """Return why its start failed, once it has ended."""
        end = self.ended.result()
        if end.out_of_memory:
            reason = (
                f"out of memory: it used more than its {self.plan.limits.memory_mib} MiB while it started"
            )
        else:
            reason = f"the program ended with exit code {end.exit_code} before its port answered"
        return StartFailed(
            f"{reason}: {end.message}" if end.message else reason,
            "boot",
            exit_code=end.exit_code,
            out_of_memory=end.out_of_memory,
            advice="choose a larger instance_type, or let it use less memory" if end.out_of_memory else "",
        )

    async def _wait(self) -> None:
        code = await self._process.wait()
        await self._end_the_rest()
        message = self._tail.last_words()
        self._tail.close()
        exit_code = OUT_OF_MEMORY_EXIT_CODE if self.out_of_memory else (code if code >= 0 else 128 - code)
        self.ended.set_result(Exit(exit_code, self.out_of_memory, message))

    async def _end_the_rest(self) -> None:
        """As in a container, nothing outlives the first process."""
        for _ in range(_REST_LOOKS):
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                return
            await asyncio.sleep(_REST_LOOK_EVERY_S)


async def spawn(plan: InstancePlan, port: int, command: Command, prefix: Sequence[str]) -> Child:
    """Start the program. Raises StartFailed when the system refuses to run it.

    ``prefix`` is put before the command (what ties a child's life to the engine's, where there is such).
    """
    tail = Tail()
    try:
        process = await asyncio.create_subprocess_exec(
            *prefix,
            *command.arguments,
            stdin=subprocess.DEVNULL,
            stdout=tail.writing,
            stderr=tail.writing,
            cwd=command.folder,
            env=command.environment,
            start_new_session=True,
        )
    except OSError as error:
        tail.close()
        raise StartFailed(
            f"{command.arguments[0]} cannot be run: {error.strerror or error}",
            "start",
            advice="look at its first line (#!) and its permissions",
        ) from error
    except BaseException:
        tail.close()
        raise
    tail.follow()
    return Child(plan, port, process, tail)
