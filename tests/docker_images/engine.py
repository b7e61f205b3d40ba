"""The few calls that make images, through the docker package.

Every image carries the mark of the session of tests that made it, also in its name: what is built on it
inherits the mark, so that the session's end finds and removes all of its own and nothing of another's.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import docker
import psutil
from docker.errors import APIError, ImageNotFound

from core.runs import process_lives

SESSION_VARIABLE = "HYBRID_TEST_SESSION"
"""Holds ``<process>-<its start>`` of the session; processes that it starts belong to it."""
MARK = "io.hybrid-tui.tests"


def session() -> str:
    """Return the mark of this session of tests."""
    started_s = psutil.Process().create_time()
    return os.environ.setdefault(SESSION_VARIABLE, f"{os.getpid()}-{started_s:.2f}")


def repository(kind: str) -> str:
    """Return the name of this session's images of a kind."""
    return f"hybrid-tui-test/{session()}/{kind}"


@contextmanager
def engine(endpoint: str) -> Iterator[Any]:
    """Give the docker package's client for an endpoint."""
    client = docker.APIClient(base_url=endpoint, version="auto", timeout=300)
    try:
        yield client
    finally:
        client.close()


def is_here(client: Any, reference: str) -> bool:
    """Say whether the Engine has the image."""
    try:
        client.inspect_image(reference)
    except ImageNotFound:
        return False
    return True


def import_tar(client: Any, data: bytes, reference: str, command: Sequence[str]) -> None:
    """Make an image of one layer from a tar archive."""
    name, _, tag = reference.partition(":")
    changes = [f"CMD {as_json(command)}", f"LABEL {MARK}={session()}"]
    client.import_image_from_data(data, repository=name, tag=tag, changes=changes)


def remove_images(endpoint: str) -> None:
    """Remove the images of this session, and those of sessions that were killed."""
    with engine(endpoint) as client:
        marked = client.images(filters={"label": MARK})
        ended = [one for one in marked if _has_ended(one["Labels"][MARK])]
        while ended:
            left = [one for one in ended if not _remove_image(client, one["Id"])]
            if len(left) == len(ended):
                return  # Only what somebody's container uses is left.
            ended = left


def _has_ended(mark: str) -> bool:
    pid, _, started_s = mark.partition("-")
    return mark == session() or not process_lives(int(pid), float(started_s))


def _remove_image(client: Any, image: str) -> bool:
    """Remove an image with all its names; False while another image is built on it."""
    try:
        client.remove_image(image, force=True)
    except ImageNotFound:
        return True
    except APIError as error:
        if error.status_code == 409:
            return False
        raise
    return True


def variant(endpoint: str, base: str, command: Sequence[str], **settings: Any) -> str:
    """Make an image that is ``base`` with another command, and return its reference.

    ``settings`` are further changes to the image's configuration, such as StopSignal.
    """
    digest = hashlib.sha256(repr((base, tuple(command), settings)).encode()).hexdigest()[:16]
    reference = f"{repository('variant')}:{digest}"
    with engine(endpoint) as client:
        if not is_here(client, reference):
            container = client.create_container(base, command=["unused"])["Id"]
            try:
                conf = {"Cmd": list(command), "Entrypoint": None, **settings}
                client.commit(container, repository=repository("variant"), tag=digest, conf=conf)
            finally:
                client.remove_container(container, v=True, force=True)
    return reference


@dataclass(frozen=True)
class Stats:
    """One reading of the Engine's own figures, reckoned as ``docker stats`` does."""

    memory_mib: float
    limit_mib: float
    cpu_total_s: float


def container_stats(endpoint: str, container: str) -> Stats:
    """Ask the Engine once how much memory and CPU a container uses."""
    with engine(endpoint) as client:
        answer = client.stats(container, stream=False)
    memory = answer["memory_stats"]
    inactive = memory["stats"].get("total_inactive_file", memory["stats"].get("inactive_file", 0))
    return Stats(
        (memory["usage"] - inactive) / 1024**2,
        memory["limit"] / 1024**2,
        answer["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9,
    )


def as_json(command: Sequence[str]) -> str:
    """Write a command in the form that Dockerfile instructions take."""
    return json.dumps(list(command))


def add_file(archive: tarfile.TarFile, name: str, data: bytes, mode: int = 0o644) -> None:
    """Add a file with the content ``data``."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), mode
    archive.addfile(member, io.BytesIO(data))


def add_folder(archive: tarfile.TarFile, name: str, mode: int = 0o755) -> None:
    """Add a folder."""
    member = tarfile.TarInfo(name)
    member.type, member.mode = tarfile.DIRTYPE, mode
    archive.addfile(member)


def add_link(archive: tarfile.TarFile, name: str, target: str) -> None:
    """Add a symbolic link."""
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    archive.addfile(member)
