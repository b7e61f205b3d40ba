"""An image of several layers that cannot be compressed, so that a pull of it has something to do."""

import io
import random
import tarfile

from tests.docker_images.engine import add_file, engine, is_here, repository


def ensure_layered_image(endpoint: str, base: str, layers: int, layer_bytes: int) -> str:
    """Put ``layers`` layers on the image ``base``, and return the reference of what comes of it."""
    reference = f"{repository('layered')}:{layers}x{layer_bytes}"
    with engine(endpoint) as client:
        if not is_here(client, reference):
            name, _, tag = reference.partition(":")
            image = base
            for number in range(layers):
                container = client.create_container(image)["Id"]
                client.put_archive(container, "/", _layer(number, layer_bytes))
                client.commit(container, repository=name, tag=tag)
                client.remove_container(container)
                image = reference
    return reference


def _layer(number: int, size: int) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        add_file(archive, f"layer-{number}", random.Random(number).randbytes(size))
    return target.getvalue()
