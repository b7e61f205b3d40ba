"""The few calls that make images, through the docker package."""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import docker
from docker.errors import ImageNotFound

REPOSITORY = "hybrid-tui-test"


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
    client.import_image_from_data(data, repository=name, tag=tag, changes=[f"CMD {as_json(command)}"])


def variant(endpoint: str, base: str, command: Sequence[str], **settings: Any) -> str:
    """Make an image that is ``base`` with another command, and return its reference.

    ``settings`` are further changes to the image's configuration, such as StopSignal.
    """
    digest = hashlib.sha256(repr((base, tuple(command), settings)).encode()).hexdigest()[:16]
    reference = f"{REPOSITORY}/variant:{digest}"
    with engine(endpoint) as client:
        if not is_here(client, reference):
            container = client.create_container(base, command=["unused"])["Id"]
            try:
                conf = {"Cmd": list(command), "Entrypoint": None, **settings}
                client.commit(container, repository=f"{REPOSITORY}/variant", tag=digest, conf=conf)
            finally:
                client.remove_container(container, v=True, force=True)
    return reference


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
