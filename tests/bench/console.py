"""Measures what the console costs: CPU at four frames a second with twenty instances, in a real terminal.

Run it as ``python -m tests.bench.console [SECONDS] [COLUMNSxROWS] [INSTANCES] [KEYS]``. The frames come as
the JSON lines that an engine sends, so decoding and joining them is part of the cost. ``KEYS`` are pressed
first (``z`` gives the regions the whole screen). With more instances than rows the ends of the list are
jumped to in turn, and what is timed is how long the screen takes to show them. Prints one JSON line.
"""

import asyncio
import fcntl
import os
import pty
import select
import statistics
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
BUSY_INSTANCES = 20
KEY_PRESSES = 40
KEY_EVERY_S = 0.11
"""Not a multiple of the time between frames, so that presses fall at all moments between them."""
ANSWERS_WITHIN_S = 2.0
DEFAULTS = ("20", "160x48", str(BUSY_INSTANCES), "")


def frame_lines(instances: int) -> list[bytes]:
    """Return ten seconds of frames of a busy deployment, as a subscriber gets them: the first one whole."""
    from core.control.connection import encode_push
    from core.control.messages import FramePush
    from core.frames.fold import FrameFold
    from core.frames.parts import NOTHING, counts_of, newer_than
    from tests.stream_many import many
    from tests.streams import busy

    fold = FrameFold()
    lines: list[bytes] = []
    known = NOTHING
    events = busy() if instances == BUSY_INSTANCES else many(instances)
    at_s = events[-1].time_s - 10.0
    for event in events:
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


class Terminal:
    """A terminal with the console in it: counts what it writes, and looks for a text in it."""

    def __init__(self, file: int, columns: int, rows: int) -> None:
        self.written_bytes = 0
        self._file = file
        self._wanted = b""
        self._heard = b""
        self._found = threading.Event()
        fcntl.ioctl(file, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        threading.Thread(target=self._drain, daemon=True).start()

    def press(self, keys: str) -> None:
        """Type something."""
        os.write(self._file, keys.encode())

    def answer_ms(self, key: str, wanted: str) -> float:
        """Press a key and return how long it takes until the text is written. Raises TimeoutError."""
        self._heard = b""
        self._found.clear()
        self._wanted = wanted.encode()
        pressed_s = time.perf_counter()
        self.press(key)
        if not self._found.wait(ANSWERS_WITHIN_S):
            raise TimeoutError(f"{wanted!r} was not shown after {key!r}")
        return (time.perf_counter() - pressed_s) * 1000

    def _drain(self) -> None:
        while True:
            try:
                ready, _, _ = select.select([self._file], [], [], 1.0)
                data = os.read(self._file, 65536) if ready else b""
            except OSError:
                return
            self.written_bytes += len(data)
            if self._wanted:
                self._heard += data
                if self._wanted in self._heard:
                    self._wanted = b""
                    self._found.set()


def answers_ms(terminal: Terminal, instances: int) -> list[float]:
    """Jump to the ends of the list in turn, and return how long each jump took."""
    names = [f"app-{number}" for number in range(1, instances + 1)]
    first, last = names[::3][1], names[2::3][-1]  # Three regions share the instances in turn.
    terminal.answer_ms("G", last)
    found = []
    for number in range(KEY_PRESSES):
        time.sleep(KEY_EVERY_S)
        found.append(terminal.answer_ms("Gg"[(number + 1) % 2], (last, f"{first} ")[(number + 1) % 2]))
    return found


def measure(
    seconds: float, columns: int, rows: int, instances: int, keys: str
) -> dict[str, float | str | None]:
    """Run the console in a terminal of its own and return what it cost."""
    lines = frame_lines(instances)
    pid, file = pty.fork()
    if pid == 0:
        run_console(lines)
        os._exit(0)
    terminal = Terminal(file, columns, rows)
    child = psutil.Process(pid)
    try:
        time.sleep(WARM_S)
        terminal.press(keys)
        time.sleep(WARM_S)
        before, written = sum(child.cpu_times()[:2]), terminal.written_bytes
        start = time.perf_counter()
        time.sleep(seconds)
        cpu_s = sum(child.cpu_times()[:2]) - before
        elapsed_s = time.perf_counter() - start
        written = terminal.written_bytes - written
        key_ms = sorted(answers_ms(terminal, instances)) if instances > rows else None
        resident_mib = child.memory_info().rss / 2**20
    finally:
        child.kill()
        os.waitpid(pid, 0)
    return {
        "size": f"{columns}x{rows}",
        "instances": instances,
        "seconds": round(elapsed_s, 1),
        "cpu_percent_of_one_core": round(100 * cpu_s / elapsed_s, 2),
        "cpu_ms_per_frame": round(1000 * cpu_s / elapsed_s / FRAMES_PER_SECOND, 2),
        "kib_per_second_to_the_terminal": round(written / 1024 / elapsed_s, 1),
        "kib_of_the_first_frame": round(len(lines[0]) / 1024, 1),
        "kib_per_further_frame": round(sum(map(len, lines[1:])) / (len(lines) - 1) / 1024, 1),
        "resident_mib": round(resident_mib, 1),
        "key_to_screen_median_ms": round(statistics.median(key_ms), 1) if key_ms else None,
        "key_to_screen_worst_ms": round(key_ms[-1], 1) if key_ms else None,
    }


def main(arguments: list[str]) -> None:
    """Measure once and print."""
    seconds, size, instances, keys = (*arguments, *DEFAULTS[len(arguments) :])
    columns, _, rows = size.partition("x")
    found = measure(float(seconds), int(columns), int(rows), int(instances), keys)
    print(msgspec.json.encode(found).decode())


if __name__ == "__main__":
    main(sys.argv[1:])
