"""A 2 MB image of busybox alone, from the Debian package busybox-static."""

import hashlib
import io
import shutil
import subprocess
import tarfile
from pathlib import Path

from tests.docker_images.engine import (
    add_file,
    add_folder,
    add_link,
    engine,
    import_tar,
    is_here,
    repository,
)

APPLETS = ("sh", "cat", "echo", "httpd", "sleep", "kill", "ls", "nc", "dd", "mkdir", "test", "env", "true")
COMMAND = ("/bin/sh", "-c", "exec httpd -f -p 0.0.0.0:$PORT -h /www")
PAGE = b"hello from busybox\n"


def find_busybox() -> Path:
    """Return the statically linked busybox of this machine. Raises LookupError with advice."""
    found = shutil.which("busybox")
    if found is None:
        raise LookupError("busybox is not installed: apt-get install busybox-static")
    linked = subprocess.run(["ldd", found], capture_output=True, check=False)
    if linked.returncode == 0 and b"not a dynamic" not in linked.stdout + linked.stderr:
        raise LookupError(f"{found} is not statically linked: apt-get install busybox-static")
    return Path(found)


def busybox_tar() -> bytes:
    """Return the image's files as a tar archive."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for folder in ("bin", "www", "etc"):
            add_folder(archive, folder)
        add_folder(archive, "tmp", 0o1777)
        add_file(archive, "bin/busybox", find_busybox().read_bytes(), 0o755)
        for applet in APPLETS:
            add_link(archive, f"bin/{applet}", "busybox")
        add_file(archive, "etc/passwd", b"root:x:0:0:root:/:/bin/sh\n")
        add_file(archive, "www/index.html", PAGE)
    return target.getvalue()


def ensure_busybox_image(endpoint: str) -> str:
    """Make the image where the Engine has it not, and return its reference."""
    data = busybox_tar()
    reference = f"{repository('busybox')}:{hashlib.sha256(data + repr(COMMAND).encode()).hexdigest()[:16]}"
    with engine(endpoint) as client:
        if not is_here(client, reference):
            import_tar(client, data, reference, COMMAND)
    return reference
