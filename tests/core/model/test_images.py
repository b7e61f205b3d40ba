from pathlib import Path

import pytest

from core.model.images import dockerfile_of


@pytest.mark.parametrize("image", ["nginx", "nginx:1.27", "ghcr.io/a/b@sha256:00", "localhost:5000/app"])
def test_a_reference_is_no_path(image: str, tmp_path: Path) -> None:
    assert dockerfile_of(image, tmp_path) is None


def test_no_image_is_no_path(tmp_path: Path) -> None:
    assert dockerfile_of("", tmp_path) is None


@pytest.mark.parametrize(
    "image", ["Dockerfile", "./Dockerfile", "app/Dockerfile.dev", "app/web.Dockerfile", "./x"]
)
def test_a_path_is_a_dockerfile_even_when_nothing_is_there(image: str, tmp_path: Path) -> None:
    assert dockerfile_of(image, tmp_path) == tmp_path / image


@pytest.mark.parametrize("image", ["app", "./app", "app/", "."])
def test_a_folder_means_the_dockerfile_in_it(image: str, tmp_path: Path) -> None:
    folder = tmp_path / image
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").touch()
    assert dockerfile_of(image, tmp_path) == folder / "Dockerfile"


def test_a_folder_without_a_dockerfile_leaves_a_reference_a_reference(tmp_path: Path) -> None:
    (tmp_path / "nginx").mkdir()
    assert dockerfile_of("nginx", tmp_path) is None
