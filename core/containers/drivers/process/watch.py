"""Watch the memory of all children of this engine, and end one that uses more than it may."""

import asyncio

from core.containers.drivers.process.child import Child
from core.containers.drivers.process.usage import Usage, make_reader
from core.containers.drivers.protocol import Sample

WATCH_EVERY_S = 0.25
WATCH_CLOSELY_EVERY_S = 0.05
CLOSE_SHARE = 0.75
"""From this part of its limit on a child is watched closely."""
MIB = 1024 * 1024


class MemoryWatch:
    """One pass over the processes per tick for the drivers of all regions; no tick while no child runs."""

    def __init__(self) -> None:
        self.reader = make_reader()
        self._children: dict[int, Child] = {}
        self._watching: asyncio.Task[None] | None = None

    def add(self, child: Child) -> None:
        """Watch a child until it has ended."""
        self._children[child.pid] = child
        self.reader.add(child.pid)
        child.ended.add_done_callback(lambda _: self._discard(child.pid))
        if self._watching is None or self._watching.done():
            self._watching = asyncio.get_running_loop().create_task(self._watch(), name="memory watch")

    def samples(self, children: list[Child]) -> list[Sample]:
        """Read the memory and CPU time of these children now."""
        found = self.reader.read()
        return [_sample(child, found[child.pid]) for child in children if child.pid in found]

    async def close(self) -> None:
        """Stop watching when no child is left; the watch is shared."""
        if self._watching is not None and not self._children:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)

    def _discard(self, pid: int) -> None:
        self._children.pop(pid, None)
        self.reader.discard(pid)

    async def _watch(self) -> None:
        while self._children:
            await asyncio.sleep(WATCH_CLOSELY_EVERY_S if self._check() else WATCH_EVERY_S)

    def _check(self) -> bool:
        """End what uses too much; say whether something comes near."""
        near = False
        for pid, usage in self.reader.read_memory().items():
            child = self._children[pid]
            limit_bytes = child.plan.limits.memory_mib * MIB
            near = near or usage.memory_bytes > limit_bytes * CLOSE_SHARE
            if usage.memory_bytes > limit_bytes and not child.out_of_memory:
                child.kill_for_memory()
        return near


def _sample(child: Child, usage: Usage) -> Sample:
    child.cpu_s = max(child.cpu_s, usage.cpu_s)
    return Sample(
        instance=child.plan.instance,
        memory_mib=usage.memory_bytes / MIB,
        app_memory_mib=usage.anonymous_bytes / MIB,
        memory_limit_mib=float(child.plan.limits.memory_mib),
        cpu_total_s=child.cpu_s,
    )
