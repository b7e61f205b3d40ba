"""What a container's ``image`` means: a reference to pull, or a Dockerfile to build."""

from pathlib import Path

DOCKERFILE = "Dockerfile"


def is_path(image: str, folder: Path) -> bool:
    """Say whether ``image`` names a file or folder, relative to ``folder``, and no image reference.

    A path starts with . or /, or its last part is a Dockerfile's name, or it is a folder that has one.
    """
    last = image.rstrip("/").rpartition("/")[2]
    if image.startswith((".", "/")) or last.startswith(DOCKERFILE) or last.endswith(f".{DOCKERFILE}"):
        return True
    return (folder / image / DOCKERFILE).is_file()


def dockerfile_of(image: str, folder: Path) -> Path | None:
    """Return the Dockerfile that ``image`` means, there or not; None when it is an image reference."""
    if not image or not is_path(image, folder):
        return None
    path = folder / image
    return path / DOCKERFILE if path.is_dir() else path
