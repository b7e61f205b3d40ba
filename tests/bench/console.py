"""Measures what the console costs: CPU at four frames a second with twenty instances, in a real terminal.

Run it as ``python -m tests.bench.console [SECONDS] [COLUMNSxROWS]``. The frames come as the JSON lines that
an engine sends, so decoding and joining them is part of the cost. Prints one JSON line.
"""

import asyncio
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import threading
import time
from collections.abc import AsyncIterator

import msgspec
import psutil

WARM_S = 3.0
FRAMES_PER_SECOND = 4.0


def frame_lines() -> list[bytes]:
    """Return ten seconds of frames of the busy deployment, as a subscriber gets them: the first one whole."""
    from core.control.connection import encode_push
    from core.control.messages import FramePush
    from core.frames.fold import FrameFold
    from core.frames.parts import NOTHING, counts_of, newer_than
    from tests.streams import busy

    fold = FrameFold()
    lines: list[bytes] = []
    known = NOTHING
    at_s = 50.0
    for event in busy():
        while event.time_s > at_s:
            frame = fold.frame(at_s)
            part, after = newer_than(frame, known)
            lines.append(encode_push(FramePush(frame=part, after=after)))
            known = counts_of(frame)
            at_s += 1 / FRAMES_PER_SECOND
        fold.apply(event)
    return lines


def run_console(lines: list[bytes]) -> None:
    """Show the frames, over and over, at their rate, until killed."""
    from core.control.messages import FramePush
    from core.frames.frame import Frame
    from core.frames.parts import join
    from tui.app import Console
    from tui.source import StillSource

    decoder = msgspec.json.Decoder(FramePush)

    class Recorded(StillSource):
        async def frames(self, per_second: float) -> AsyncIterator[Frame]:
            while True:
                whole: Frame | None = None
                for line in lines:
                    push = decoder.decode(line)
                    whole = join(whole, push.frame, push.after)
                    yield whole
                    await asyncio.sleep(1 / per_second)

    Console(Recorded()).run()


def drain(terminal: int, count: list[int]) -> None:
    """Read what the console writes, and count its bytes."""
    while True:
        try:
            ready, _, _ = select.select([terminal], [], [], 1.0)
            data = os.read(terminal, 65536) if ready else b"-"
        except OSError:
            return
        count[0] += len(data)


def measure(seconds: float, columns: int, rows: int) -> dict[str, float | str]:
    """Run the console in a terminal of its own and return what it cost."""
    lines = frame_lines()
    pid, terminal = pty.fork()
    if pid == 0:
        run_console(lines)
        os._exit(0)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    count = [0]
    threading.Thread(target=drain, args=(terminal, count), daemon=True).start()
    child = psutil.Process(pid)
    time.sleep(WARM_S)
    before, written = sum(child.cpu_times()[:2]), count[0]
    start = time.perf_counter()
    time.sleep(seconds)
    cpu_s = sum(child.cpu_times()[:2]) - before
    elapsed_s = time.perf_counter() - start
    resident_mib = child.memory_info().rss / 2**20
    child.kill()
    os.waitpid(pid, 0)
    return {
        "size": f"{columns}x{rows}",
        "seconds": round(elapsed_s, 1),
        "cpu_percent_of_one_core": round(100 * cpu_s / elapsed_s, 2),
        "cpu_ms_per_frame": round(1000 * cpu_s / elapsed_s / FRAMES_PER_SECOND, 2),
        "kib_per_second_to_the_terminal": round((count[0] - written) / 1024 / elapsed_s, 1),
        "kib_of_the_first_frame": round(len(lines[0]) / 1024, 1),
        "kib_per_further_frame": round(sum(map(len, lines[1:])) / (len(lines) - 1) / 1024, 1),
        "resident_mib": round(resident_mib, 1),
    }


def main(arguments: list[str]) -> None:
    """Measure once and print."""
    seconds = float(arguments[0]) if arguments else 20.0
    columns, _, rows = (arguments[1] if len(arguments) > 1 else "160x48").partition("x")
    print(msgspec.json.encode(measure(seconds, int(columns), int(rows))).decode())


if __name__ == "__main__":
    main(sys.argv[1:])
