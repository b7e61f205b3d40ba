"""Ends the isolates of an engine that was killed: workerd itself does not notice when its parent has gone."""

import asyncio
import contextlib
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path

_SCRIPT = """
groups=
while read -r sign group; do
  case $sign in
    +) groups="$groups $group" ;;
    -) left=
       for one in $groups; do [ "$one" = "$group" ] || left="$left $one"; done
       groups=$left ;;
  esac
done
for one in $groups; do kill -s KILL -- "-$one" 2>/dev/null; done
rm -rf "$1"
"""


class Guard:
    """A shell that waits for the end of its input; then it kills the groups and removes ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: Process | None = None

    async def start(self) -> None:
        """Start to watch. Raises OSError."""
        self._process = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", _SCRIPT, "guard", str(self._folder)),
            stdin=PIPE,
            stdout=DEVNULL,
            stderr=DEVNULL,
            start_new_session=True,
        )

    def watch(self, group: int) -> None:
        """Let the process group end with the engine."""
        self._tell(f"+ {group}\n")

    def forget(self, group: int) -> None:
        """Note that the group has ended: its number may be another's soon."""
        self._tell(f"- {group}\n")

    async def stop(self) -> None:
        """End the watch as the engine's end would."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()
            await process.wait()
            # The pipe's transport closes in the loop's next turn.
            await asyncio.sleep(0)

    def _tell(self, line: str) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(ConnectionError):
                self._process.stdin.write(line.encode())
