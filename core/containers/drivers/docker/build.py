"""Build an image from a Dockerfile, through the docker package, in a thread of its own.

The docker package is imported here only, and late: it costs a tenth of a second.
"""

import hashlib
import re
import tarfile
import tempfile
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from core.containers.drivers.docker.progress import PullProgress
from core.containers.drivers.protocol import Progress

BUILD_TIMEOUT_S = 3600
LAST_LINES = 5
DEFAULT_EXCLUDES = (".git", ".venv", "venv", "**/__pycache__", "**/node_modules")
"""What is left out of a context that has no .dockerignore, as it changes without changing the program."""
_STEP = re.compile(r"Step (\d+)/(\d+) : (.*)")
_ARG = re.compile(r"^\s*ARG\s+(\w+)=[\"']?([^\s\"']+)", re.IGNORECASE | re.MULTILINE)
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


class BuildFailed(Exception):
    """A build failed: in which step, the builder's own message, and the last lines that were printed.

    ``base`` is the image that the step begins from; empty for any step but FROM.
    """

    def __init__(self, message: str, step: str = "", last_lines: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.step = step
        self.last_lines = tuple(last_lines)
        self.base = base_of(step)


def base_of(step: str) -> str:
    """Return the image that a step begins from, as the builder's steps are told; empty for any but FROM."""
    found = re.search(r": FROM (?:--\S+ )?(\S+)", step, re.IGNORECASE)
    return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class Context:
    """A build context as a tar file, and a digest of what is in it, times left out."""

    archive: IO[bytes]
    dockerfile: str
    build_args: Mapping[str, str]
    digest: str
    variables: Mapping[str, str]
    """The build arguments, and the defaults of those that are not given."""


def pack(dockerfile: Path, build_args: Mapping[str, str]) -> Context:
    """Pack the folder of a Dockerfile, without what its .dockerignore names.

    Raises OSError where a file cannot be read.
    """
    from docker.utils.build import tar

    folder = dockerfile.parent
    archive: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed by who builds)
    tar(
        folder,
        exclude=_excludes(folder),
        dockerfile=(dockerfile.name, None),
        fileobj=archive,
    )
    archive.seek(0)
    digest = _digest(archive, dockerfile.name, build_args)
    archive.seek(0)
    variables = dict(_ARG.findall(dockerfile.read_text(errors="replace"))) | dict(build_args)
    return Context(archive, dockerfile.name, build_args, digest, variables)


def _excludes(folder: Path) -> list[str]:
    try:
        lines = (folder / ".dockerignore").read_text().splitlines()
    except FileNotFoundError:
        return list(DEFAULT_EXCLUDES)
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _digest(archive: IO[bytes], dockerfile: str, build_args: Mapping[str, str]) -> str:
    digest = hashlib.sha256(repr((dockerfile, sorted(build_args.items()))).encode())
    with tarfile.open(fileobj=archive, mode="r:") as members:
        for member in sorted(members, key=lambda one: one.name):
            digest.update(repr((member.name, member.mode, member.type, member.linkname)).encode())
            if (content := members.extractfile(member)) is not None:
                while block := content.read(1 << 20):
                    digest.update(block)
    return digest.hexdigest()[:16]


def build(
    engine_url: str,
    context: Context,
    tag: str,
    marks: dict[str, str],
    progress: Progress,
    cancelled: threading.Event,
) -> None:
    """Build the context and give the image its tag. Blocks; ends early once ``cancelled`` is set.

    Raises BuildFailed, and docker.errors.DockerException when the Engine is not there.
    """
    import docker
    import docker.errors

    client = docker.APIClient(base_url=engine_url, version="auto", timeout=BUILD_TIMEOUT_S)
    try:
        lines = client.build(
            fileobj=context.archive,
            custom_context=True,
            dockerfile=context.dockerfile,
            tag=tag,
            buildargs=dict(context.build_args),
            labels=marks,
            rm=True,
            forcerm=True,
            decode=True,
        )
        _follow(lines, _Steps(context.variables, len(marks)), progress, cancelled)
    except docker.errors.APIError as error:
        raise BuildFailed(str(error.explanation or error)) from error
    finally:
        client.close()


@dataclass(frozen=True, slots=True)
class _Steps:
    """How the builder's steps are told: as the Dockerfile has them, without those that set the marks."""

    variables: Mapping[str, str]
    appended: int

    def tell(self, text: str) -> str:
        """Return a step as a person should read it; empty when the text begins no step of the Dockerfile."""
        found = _STEP.match(text)
        total = int(found[2]) - self.appended if found else 0
        if found is None or int(found[1]) > total:
            return ""
        return f"step {found[1]} of {total}: {self._with_image(found[3])}"

    def _with_image(self, instruction: str) -> str:
        """Return an instruction; FROM with the name of its image where the Dockerfile has a variable."""
        if not instruction.upper().startswith("FROM "):
            return instruction
        return _VARIABLE.sub(lambda found: self.variables.get(found[1] or found[2], found[0]), instruction)


def _follow(lines: Any, steps: _Steps, progress: Progress, cancelled: threading.Event) -> None:
    """Read the builder's messages to the end; leaving early makes the Engine end the build."""
    step, printed, pull = "", deque[str](maxlen=LAST_LINES), PullProgress("")
    try:
        for message in lines:
            if cancelled.is_set():
                return
            if "error" in message:
                raise BuildFailed(str(message["error"]), step, printed)
            text = str(message.get("stream", "")).strip()
            if pulled := pull.line(message):
                progress(pulled)
            if told := steps.tell(text):
                step = told
                pull = PullProgress(base_of(step))
                printed.clear()
                progress(step)
            elif text and not text.startswith(("--->", "Removing intermediate container")):
                printed.extend(text.splitlines())
    finally:
        lines.close()
