"""A Python and Flask image from Debian packages, for tests: no registry, no debootstrap.

It takes about six seconds once; the files are kept as a tar archive in the user's cache folder.
"""

import hashlib
import io
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import platformdirs

from tests.docker_images.engine import engine, import_tar, is_here, repository

RECIPE = "3"
"""Raise it when the steps below change."""
ROOTS = ("python3-minimal", "python3", "libpython3-stdlib", "media-types", "busybox-static")
NOT_NEEDED = ("dpkg", "debconf", "mime-support", "gcc-12-base", "tzdata", "netbase", "ca-certificates")
"""Dependencies of Debian's packaging that no program needs."""
DROPPED = (
    *(f"usr/share/{name}" for name in ("doc", "man", "lintian", "locale", "bug", "python3", "pixmaps")),
    *(
        f"usr/lib/python3.*/{name}"
        for name in ("test", "lib2to3", "pydoc_data", "idlelib", "tkinter", "ensurepip", "distutils")
    ),
    "usr/lib/*/gconv",
)
FLASK = "flask>=3.1,<4"
COMMAND = ("python3", "-m", "http.server", "8080", "--bind", "0.0.0.0")


def ensure_python_image(endpoint: str) -> str:
    """Make the image where the Engine has it not, and return its reference.

    Raises LookupError where this machine cannot make it (no Debian packages).
    """
    reference = f"{repository('python')}:{recipe_digest()}"
    with engine(endpoint) as client:
        if not is_here(client, reference):
            import_tar(client, _cached_tar().read_bytes(), reference, COMMAND)
    return reference


def recipe_digest() -> str:
    """Return a digest of all that the image depends on."""
    system = platform.freedesktop_os_release() if sys.platform == "linux" else {}
    parts = (RECIPE, ROOTS, DROPPED, FLASK, system.get("VERSION_ID"), platform.machine())
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _cached_tar() -> Path:
    folder = Path(platformdirs.user_cache_dir("hybrid-tui", appauthor=False)) / "tests"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"python-{recipe_digest()}.tar"
    if not target.exists():
        with tempfile.TemporaryDirectory(prefix="hybrid-tui-python-") as work:
            draft = folder / f"{target.name}.{os.getpid()}.part"
            draft.write_bytes(_make_tar(Path(work)))
            draft.replace(target)
    return target


def _make_tar(work: Path) -> bytes:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise LookupError("the Python image for tests is made of Debian packages: there is no apt-get here")
    packages, root = work / "packages", work / "root"
    packages.mkdir()
    _run(["apt-get", "download", "-qq", *_closure(ROOTS)], packages)
    for package in sorted(packages.glob("*.deb")):
        _run(["dpkg-deb", "-x", str(package), str(root)], work)
    for pattern in DROPPED:
        for path in root.glob(pattern):
            shutil.rmtree(path)
    _install_flask(root)
    _finish(root)
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        archive.add(root, ".")
    return target.getvalue()


def _closure(roots: tuple[str, ...]) -> list[str]:
    """Return the packages that ``roots`` need, themselves among them."""
    found, wanted = set[str](), set(roots)
    options = [
        f"--no-{kind}" for kind in ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
    ]
    while wanted:
        found |= wanted
        answer = _run(["apt-cache", "depends", *options, *sorted(wanted)], Path.cwd())
        names = re.findall(r"^ +(?:Pre)?Depends: ([^<\s]+)$", answer, re.MULTILINE)
        wanted = set(names) - found - set(NOT_NEEDED)
    return sorted(found)


def _install_flask(root: Path) -> None:
    """Install Flask for the image's Python, which may be another than the one that runs the tests."""
    version = next((root / "usr/bin").glob("python3.*")).name.removeprefix("python")
    target = root / "usr/lib/python3/dist-packages"
    wheels = ("--python-version", version, "--only-binary=:all:", "--target", str(target))
    _run([sys.executable, "-m", "pip", "install", "-q", "--no-compile", *wheels, FLASK], root)


def _finish(root: Path) -> None:
    (root / "tmp").mkdir(mode=0o1777, exist_ok=True)
    (root / "etc/passwd").write_text("root:x:0:0:root:/:/bin/sh\n")
    for shell in ("bin/sh", "bin/env"):
        if not (root / shell).exists():
            (root / shell).symlink_to("busybox")
    library = next((root / "usr/lib").glob("python3.*")).name
    compile_all = [f"/usr/bin/{library}", "-m", "compileall", "-q", f"/usr/lib/{library}", "/usr/lib/python3"]
    # Without compiled files each fresh container would compile its imports, five times as slow to boot.
    enter = ["chroot"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "chroot"]
    _run([*enter, str(root), *compile_all], root)


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LookupError(f"{' '.join(command[:3])} failed: {done.stderr.strip()[-500:]}")
    return done.stdout
