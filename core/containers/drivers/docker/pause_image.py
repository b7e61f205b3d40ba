"""An image of a few hundred bytes whose program does nothing but wait: what a network sandbox runs.

No image of a user's is sure to hold a program that waits, and starting the user's own would run it before
its time. So the program is written here, in machine code: it asks the kernel to wait for ever.
"""

import hashlib
import io
import struct
import tarfile

from core.containers.drivers.docker.api import EngineApi
from core.containers.drivers.docker.errors import EngineError

_REPOSITORY = "hybrid-tui/sandbox"
_PROGRAM = "pause"
_BASE, _HEADER, _SEGMENT_HEADER, _ALIGNMENT = 0x400000, 64, 56, 0x10000
_READ_AND_EXECUTE = 5

_CODE = {
    # again: mov eax, 34 (pause); syscall; jmp again
    "x86_64": (62, bytes.fromhex("b822000000 0f05 ebf7")),
    # again: mov x0..x4, 0; mov x8, 73 (ppoll: no files, no end); svc 0; b again
    "aarch64": (
        183,
        bytes.fromhex("000080d2 010080d2 020080d2 030080d2 040080d2 280980d2 010000d4 f9ffff17"),
    ),
}
"""By the Engine's name of the processor: the number of it in ELF files, and the program's code."""


def is_known(architecture: str) -> bool:
    """Say whether there is a program for this processor."""
    return architecture in _CODE


async def ensure_pause_image(api: EngineApi, architecture: str) -> str:
    """Return the image's reference; it is made where the Engine has it not, and stays there."""
    data = image_tar(architecture)
    tag = hashlib.sha256(data).hexdigest()[:12]
    try:
        await api.image(f"{_REPOSITORY}:{tag}")
    except EngineError as error:
        if error.status != 404:
            raise
        await api.import_image(data, _REPOSITORY, tag, (f'ENTRYPOINT ["/{_PROGRAM}"]',))
    return f"{_REPOSITORY}:{tag}"


def image_tar(architecture: str) -> bytes:
    """Return the image's only file as a tar archive, the same bytes each time."""
    program = executable(*_CODE[architecture])
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        entry = tarfile.TarInfo(_PROGRAM)
        entry.size, entry.mode = len(program), 0o755
        archive.addfile(entry, io.BytesIO(program))
    return target.getvalue()


def executable(machine: int, code: bytes) -> bytes:
    """Return an ELF file of 64 bits that holds the code and nothing else, in one loaded segment."""
    begin = _HEADER + _SEGMENT_HEADER
    size = begin + len(code)
    identity = b"\x7fELF" + bytes((2, 1, 1)) + bytes(9)
    header = struct.pack(
        "<HHIQQQIHHHHHH",
        *(2, machine, 1, _BASE + begin, _HEADER, 0, 0),
        *(_HEADER, _SEGMENT_HEADER, 1, 0, 0, 0),
    )
    segment = struct.pack("<IIQQQQQQ", 1, _READ_AND_EXECUTE, 0, _BASE, _BASE, size, size, _ALIGNMENT)
    return identity + header + segment + code
