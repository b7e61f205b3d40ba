"""Images against a real Docker Engine: there, pulled, built, and every way in which that goes wrong."""

import asyncio
from pathlib import Path

import pytest

from core.containers.drivers.docker.driver import DockerDriver
from core.containers.drivers.docker.images import split_reference, with_tag
from core.containers.drivers.protocol import StartFailed
from core.http.messages import Request
from tests.core.containers.drivers.docker.conftest import bring_up, make_plan


def write_dockerfile(folder: Path, *instructions: str) -> Path:
    (folder / "Dockerfile").write_text("\n".join(["ARG BASE", "FROM ${BASE}", *instructions, ""]))
    return folder


async def test_a_dockerfile_is_built_once_for_as_long_as_its_folder_does_not_change(
    driver: DockerDriver, busybox_image: str, tmp_path: Path
) -> None:
    write_dockerfile(tmp_path, "COPY page /www/index.html")
    page = tmp_path / "page"
    plan = make_plan("./Dockerfile", tmp_path, build_args={"BASE": busybox_image})
    lines: list[str] = []
    for text, built in (("one", True), ("one", False), ("two", True)):
        page.write_text(text)
        lines.clear()
        await driver.open()
        await driver.prepare(plan, lines.append)
        assert any("COPY page" in line for line in lines) == built
    await bring_up(driver, plan)
    response = await driver.fetch(plan, Request("GET", "/", [(b"host", b"container")]))
    assert response.body is not None
    assert b"".join([chunk async for chunk in response.body]) == b"two"


async def test_a_step_that_fails_is_told_with_what_it_printed(
    driver: DockerDriver, busybox_image: str, tmp_path: Path
) -> None:
    write_dockerfile(tmp_path, "RUN echo the compiler is missing; exit 7")
    plan = make_plan("./Dockerfile", tmp_path, build_args={"BASE": busybox_image})
    with pytest.raises(StartFailed, match="at step 3 of 3: RUN echo the compiler") as failure:
        await driver.prepare(plan, lambda _: None)
    assert "\n  the compiler is missing" in failure.value.reason
    assert (failure.value.phase, str(tmp_path) in failure.value.advice) == ("image", True)


async def test_a_dockerfile_that_cannot_be_read_names_its_mistake(
    driver: DockerDriver, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text("FORM scratch\n")
    with pytest.raises(StartFailed, match=r"(?i)unknown instruction: FORM"):
        await driver.prepare(make_plan("./Dockerfile", tmp_path), lambda _: None)


async def test_a_missing_dockerfile_is_told_with_its_path(driver: DockerDriver, tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match="there is no Dockerfile") as failure:
        await driver.prepare(make_plan("./Dockerfile", tmp_path), lambda _: None)
    assert str(tmp_path / "Dockerfile") in failure.value.reason


async def test_an_image_whose_registry_cannot_be_reached_is_told_in_a_sentence(driver: DockerDriver) -> None:
    with pytest.raises(StartFailed, match="registry cannot be reached") as failure:
        await driver.prepare(make_plan("127.0.0.1:1/nobody/serves-this:1"), lambda _: None)
    assert "127.0.0.1:1/nobody/serves-this:1 is not here" in failure.value.reason
    assert failure.value.phase == "image"
    assert failure.value.advice


async def test_a_base_image_whose_registry_cannot_be_reached_fails_the_build_with_the_bases_name(
    driver: DockerDriver, tmp_path: Path
) -> None:
    write_dockerfile(tmp_path)
    plan = make_plan("./Dockerfile", tmp_path, build_args={"BASE": "127.0.0.1:1/base:1"})
    with pytest.raises(StartFailed, match=r"127\.0\.0\.1:1/base:1 .*cannot be reached") as failure:
        await driver.prepare(plan, lambda _: None)
    assert "FROM 127.0.0.1:1/base:1" in failure.value.reason
    assert "--driver process" in failure.value.advice


async def test_builds_of_one_folder_at_the_same_time_are_one_build(
    driver: DockerDriver, busybox_image: str, tmp_path: Path
) -> None:
    write_dockerfile(tmp_path, f"RUN echo {tmp_path}")
    plan = make_plan("./Dockerfile", tmp_path, build_args={"BASE": busybox_image})
    told: list[list[str]] = [[], [], []]
    await asyncio.gather(*(driver.prepare(plan, lines.append) for lines in told))
    assert told[0] == told[1] == told[2]
    assert any("RUN echo" in line for line in told[0])


async def test_a_cancelled_build_ends_and_can_be_made_again(
    driver: DockerDriver, busybox_image: str, tmp_path: Path
) -> None:
    write_dockerfile(tmp_path, f"RUN sleep 0.3; echo {tmp_path}")
    plan = make_plan("./Dockerfile", tmp_path, build_args={"BASE": busybox_image})
    reached = asyncio.Event()

    def note(line: str) -> None:
        if "RUN" in line:
            reached.set()

    building = asyncio.ensure_future(driver.prepare(plan, note))
    await asyncio.wait_for(reached.wait(), 20)
    building.cancel()
    with pytest.raises(asyncio.CancelledError):
        await building
    await driver.prepare(plan, lambda _: None)


async def test_a_class_whose_image_was_changed_is_prepared_anew(
    driver: DockerDriver, busybox_image: str
) -> None:
    await driver.prepare(make_plan(busybox_image), print)
    with pytest.raises(StartFailed, match="registry cannot be reached"):
        await driver.prepare(make_plan("127.0.0.1:1/other:1"), print)


async def test_a_class_without_an_image_is_refused_with_advice(driver: DockerDriver) -> None:
    with pytest.raises(StartFailed, match="names no image") as failure:
        await driver.prepare(make_plan("", command=["program"]), lambda _: None)
    assert "--driver process" in failure.value.advice


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("flask", ("flask", "")),
        ("flask:3", ("flask", "3")),
        ("localhost:5000/flask", ("localhost:5000/flask", "")),
        ("localhost:5000/flask:3", ("localhost:5000/flask", "3")),
        ("flask@sha256:abc", ("flask", "sha256:abc")),
        ("localhost:5000/flask@sha256:abc", ("localhost:5000/flask", "sha256:abc")),
    ],
)
def test_a_reference_is_a_name_and_a_tag_or_digest(reference: str, parts: tuple[str, str]) -> None:
    assert split_reference(reference) == parts
    assert with_tag(reference) == (reference if parts[1] else f"{reference}:latest")
