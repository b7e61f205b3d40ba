"""A registry of images on the loopback address, from the Debian package docker-registry, not installed."""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import platformdirs

from tests.docker_images.engine import engine

ANSWERS_WITHIN_S = 30.0
LOOK_EVERY_S = 0.01
CONFIG = """
version: 0.1
log: {{ level: error }}
storage: {{ filesystem: {{ rootdirectory: {folder}/data }} }}
http: {{ addr: "{address}" }}
{auth}
"""
AUTH = "auth: {{ htpasswd: {{ realm: tests, path: {folder}/users }} }}"
"""Users of a closed registry; the file need not be there for nobody to be let in."""


class Registry:
    """One registry that answers; Docker Engines take addresses of the loopback without encryption."""

    def __init__(self, address: str, folder: Path) -> None:
        self.address = address
        self.folder = folder

    def push(self, endpoint: str, image: str, name: str) -> str:
        """Put an image of an Engine into it, and return the reference to pull it by."""
        repository, _, tag = f"{self.address}/{name}".rpartition(":")
        with engine(endpoint) as client:
            client.tag(image, repository, tag)
            try:
                for line in client.push(repository, tag, stream=True, decode=True):
                    assert "error" not in line, line
            finally:
                client.remove_image(f"{repository}:{tag}")
        return f"{repository}:{tag}"

    def blobs(self) -> list[Path]:
        """Return the files of all that it holds, the largest first."""
        found = self.folder.glob("data/docker/registry/v2/blobs/sha256/*/*/data")
        return sorted(found, key=lambda one: -one.stat().st_size)


@asynccontextmanager
async def registry(*, closed: bool = False) -> AsyncIterator[Registry]:
    """Run an empty registry; a ``closed`` one lets nobody in. Raises LookupError where there is none."""
    program = await asyncio.to_thread(find_registry)
    folder = Path(tempfile.mkdtemp(prefix="hybrid-tui-registry-"))
    address = f"127.0.0.1:{_free_port()}"
    auth = AUTH.format(folder=folder) if closed else ""
    (folder / "config.yml").write_text(CONFIG.format(folder=folder, address=address, auth=auth))
    process = await asyncio.create_subprocess_exec(
        program, "serve", folder / "config.yml",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await _until_answering(address, process)
        yield Registry(address, folder)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        await asyncio.to_thread(shutil.rmtree, folder)


def find_registry() -> str:
    """Return the program, fetched once and kept in the user's cache. Raises LookupError with advice."""
    found = shutil.which("docker-registry")
    if found is not None:
        return found
    target = Path(platformdirs.user_cache_dir("hybrid-tui", appauthor=False)) / "tests/docker-registry"
    if not target.exists():
        with tempfile.TemporaryDirectory(prefix="hybrid-tui-registry-") as work:
            _run(["apt-get", "download", "-qq", "docker-registry"], work)
            package = next(Path(work).glob("*.deb"))
            _run(["dpkg-deb", "-x", str(package), work], work)
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = target.with_suffix(f".{os.getpid()}.part")
            shutil.copy(Path(work) / "usr/bin/docker-registry", draft)
            draft.replace(target)
    return str(target)


def _run(command: list[str], folder: str) -> None:
    try:
        subprocess.run(command, cwd=folder, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise LookupError(
            f"no registry: {command[0]} failed ({error}); apt-get install docker-registry"
        ) from None


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


async def _until_answering(address: str, process: asyncio.subprocess.Process) -> None:
    host, _, port = address.partition(":")
    async with asyncio.timeout(ANSWERS_WITHIN_S):
        while True:
            try:
                _, writer = await asyncio.open_connection(host, int(port))
            except OSError:
                if process.returncode is not None:
                    raise LookupError(f"docker-registry ended with {process.returncode}") from None
                await asyncio.sleep(LOOK_EVERY_S)
            else:
                writer.close()
                return
