"""A Docker Engine of a test's own, to be killed and started again while others go on undisturbed."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from core.containers.drivers.docker import diagnose, remove_everything

ANSWERS_WITHIN_S = 60.0
SMALL_DISK_BYTES = 6_000_000
LOOK_EVERY_S = 0.05


class OwnEngine:
    """One ``dockerd`` with its data in a folder of its own; it leaves the rules of iptables to others."""

    def __init__(self, folder: Path, disk_bytes: int | None = None) -> None:
        self.folder = folder
        self.endpoint = f"unix://{folder}/docker.sock"
        self._disk_bytes = disk_bytes
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, and return when it answers. Raises LookupError where it cannot run."""
        folder, log = self.folder, (self.folder / "log").open("ab")
        data = folder / "data"
        if self._disk_bytes is not None and not data.exists():
            _mount_disk(data, self._disk_bytes)
        with log:
            self._process = await asyncio.create_subprocess_exec(
                "dockerd", "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec",
                "--pidfile", f"{folder}/pid", "--host", self.endpoint, "--iptables=false",
                "--storage-driver", _storage_driver(folder),
                stdout=log, stderr=log,
            )  # fmt: skip
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            while not (await diagnose(self.endpoint)).reachable:
                if self._process.returncode is not None:
                    last_lines = (folder / "log").read_text(errors="replace").splitlines()[-3:]
                    raise LookupError(f"dockerd does not start: {' '.join(last_lines)}")
                await asyncio.sleep(LOOK_EVERY_S)

    async def kill(self) -> None:
        """Kill it as a crash would: its containers live on."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()
        # Its containerd dies with it, and would be taken for alive where process 1 reaps no zombies.
        (self.folder / "exec/containerd/containerd.pid").unlink()

    async def stop(self, deployment: str) -> None:
        """Remove what a failed test left of the deployment, and the engine with all that it holds."""
        if self._process is not None:
            with contextlib.suppress(LookupError):
                if self._process.returncode is not None:
                    await self.start()  # Only an engine can take its containers and networks away.
                await remove_everything(deployment, self.endpoint)
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            await self._process.wait()
        await asyncio.to_thread(self._clear)

    def _clear(self) -> None:
        """End what a killed engine left running, and remove its folder."""
        children = [one for one in psutil.process_iter(["cmdline"]) if self._is_child(one)]
        for child in children:
            child.kill()
        psutil.wait_procs(children, timeout=10)
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in sorted((one for one in mounts if one.startswith(f"{self.folder}/")), reverse=True):
            subprocess.run(["umount", "-l", mount], check=False)
        shutil.rmtree(self.folder)

    def _is_child(self, process: psutil.Process) -> bool:
        return any(f"{self.folder}/" in word for word in process.info["cmdline"] or ())


@asynccontextmanager
async def own_engine(deployment: str, disk_bytes: int | None = None) -> AsyncIterator[OwnEngine]:
    """Give an engine that answers, and take it away at the end with what is left of the deployment.

    With ``disk_bytes`` all its images and containers share a disk of that size. Raises LookupError
    where none can be started.
    """
    if shutil.which("dockerd") is None:
        raise LookupError("dockerd is not installed: apt-get install docker.io")
    if os.geteuid() != 0:
        raise LookupError("a Docker Engine of the test's own needs root")
    # Sockets below it have long names, so that it must not lie deep.
    engine = OwnEngine(Path(tempfile.mkdtemp(prefix="hybrid-tui-engine-")), disk_bytes)
    try:
        await engine.start()
        yield engine
    finally:
        await engine.stop(deployment)


def _mount_disk(folder: Path, size_bytes: int) -> None:
    """Let a folder be a disk of its own. Raises LookupError where that cannot be."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LookupError(f"a disk of the test's own cannot be had: {done.stderr.strip()}")


def _storage_driver(folder: Path) -> str:
    """Return vfs where overlay2 cannot stand."""
    found = subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True, check=True)
    return "vfs" if found.stdout.strip() == "overlayfs" else "overlay2"
