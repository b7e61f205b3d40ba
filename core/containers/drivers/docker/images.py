"""The images of a deployment's container classes: there, pulled, or built."""

import asyncio
import threading
from collections.abc import Hashable
from pathlib import Path

from core.containers.drivers.docker import build, labels
from core.containers.drivers.docker.api import EngineApi
from core.containers.drivers.docker.errors import EngineError
from core.containers.drivers.docker.failures import refused, shortened, start_failed
from core.containers.drivers.docker.progress import PullProgress
from core.containers.drivers.docker.shared import SharedWork
from core.containers.drivers.protocol import InstancePlan, Progress, StartFailed
from core.model.images import dockerfile_of

_under_way = SharedWork()
"""Pulls and builds of this process: the regions of one Engine share them."""


class Images:
    """Find, pull or build the image of each container class, once in the life of a driver."""

    def __init__(self, api: EngineApi, deployment: str) -> None:
        self._api = api
        self._deployment = deployment
        self._ready: dict[Hashable, str] = {}

    def reference(self, plan: InstancePlan) -> str:
        """Return the reference to create the instance from. Raises StartFailed before ``prepare``."""
        try:
            return self._ready[_image_key(plan)]
        except KeyError:
            raise StartFailed("its image has not been prepared", "image") from None

    def forget(self, plan: InstancePlan) -> None:
        """Look for the image again at the next ``prepare``; called when the Engine has it no more."""
        self._ready.pop(_image_key(plan), None)

    async def prepare(self, plan: InstancePlan, progress: Progress) -> None:
        """Make the image available; returns at once when it is. Raises StartFailed."""
        if _image_key(plan) in self._ready:
            return
        image = plan.container.image
        if not image:
            raise StartFailed(
                f"the container class {plan.container.name} names no image, which Docker needs",
                "image",
                advice="Add image = (a reference or a Dockerfile's path) to it, or use --driver process.",
            )
        dockerfile = dockerfile_of(image, plan.folder)
        if dockerfile is None:
            self._ready[_image_key(plan)] = await self._pulled(plan, with_tag(image), progress)
        else:
            self._ready[_image_key(plan)] = await self._built(plan, dockerfile, progress)

    async def _pulled(self, plan: InstancePlan, reference: str, progress: Progress) -> str:
        if not await self._is_here(reference):
            key = (self._api.endpoint.url, reference)
            await _under_way.run(key, lambda tell: self._pull(plan, reference, tell), progress)
        return reference

    async def _pull(self, plan: InstancePlan, reference: str, progress: Progress) -> None:
        summary = PullProgress(reference)
        name, tag = split_reference(reference)
        try:
            async with self._api.pull(name, tag) as messages:
                async for message in messages:
                    if "error" in message:
                        raise start_failed(plan, "image", str(message["error"]))
                    if line := summary.line(message):
                        progress(line)
        except EngineError as error:
            raise refused(plan, "image", error) from error

    async def _built(self, plan: InstancePlan, dockerfile: Path, progress: Progress) -> str:
        if not await asyncio.to_thread(dockerfile.is_file):
            raise StartFailed(
                f"there is no Dockerfile {dockerfile}",
                "image",
                advice=f"Look at image = {plan.container.image!r} in hybrid.toml.",
            )
        key = (self._api.endpoint.url, str(dockerfile), tuple(plan.container.build_args.items()))
        return await _under_way.run(key, lambda tell: self._build(plan, dockerfile, tell), progress)

    async def _build(self, plan: InstancePlan, dockerfile: Path, progress: Progress) -> str:
        try:
            context = await asyncio.to_thread(build.pack, dockerfile, plan.container.build_args)
        except OSError as error:
            raise StartFailed(f"the folder of {dockerfile} cannot be read: {error}", "image") from error
        repository = f"hybrid-tui/{self._deployment}/{plan.container.name}"
        reference = f"{repository}:{context.digest}"
        with context.archive:
            if not await self._is_here(reference):
                progress(f"building {dockerfile.name}")
                await self._build_in_thread(plan, dockerfile, context, reference, progress)
                await self._untag_older(repository, reference)
        return reference

    async def _build_in_thread(
        self, plan: InstancePlan, dockerfile: Path, context: build.Context, tag: str, progress: Progress
    ) -> None:
        from docker.errors import DockerException

        loop, cancelled = asyncio.get_running_loop(), threading.Event()
        marks = {labels.DEPLOYMENT: self._deployment, labels.CONTAINER: plan.container.name}

        def tell(line: str) -> None:
            loop.call_soon_threadsafe(progress, line)

        work = asyncio.ensure_future(
            asyncio.to_thread(build.build, self._api.endpoint.url, context, tag, marks, tell, cancelled)
        )
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            cancelled.set()
            await asyncio.wait({work})
            raise
        except build.BuildFailed as error:
            raise build_failure(plan, dockerfile, error) from error
        except DockerException as error:
            await self._api.ping()
            raise StartFailed(
                f"the build of {dockerfile} failed: {shortened(str(error))}", "image"
            ) from error

    async def _is_here(self, reference: str) -> bool:
        try:
            await self._api.image(reference)
        except EngineError as error:
            if error.status == 404:
                return False
            raise
        return True

    async def _untag_older(self, repository: str, current: str) -> None:
        """Let go of earlier builds; those in use stay, as the Engine refuses to take them."""
        for image in await self._api.images(f"{repository}:*"):
            for name in image.get("RepoTags") or ():
                if name != current:
                    try:
                        await self._api.untag_image(name)
                    except EngineError as error:
                        if error.status not in (404, 409):
                            raise


def _image_key(plan: InstancePlan) -> Hashable:
    """Return all that decides which image a class means."""
    container = plan.container
    return container.name, container.image, tuple(container.build_args.items()), plan.folder


def build_failure(plan: InstancePlan, dockerfile: Path, error: build.BuildFailed) -> StartFailed:
    """Say which step of the Dockerfile failed, and what it printed last."""
    known = start_failed(plan, "image", error.message, error.base)
    where = f" at {error.step}" if error.step else ""
    if known.advice and "returned a non-zero code" not in error.message:
        reason = f"the build of {dockerfile} failed{where}: {known.reason}"
        return StartFailed(reason, "image", advice=known.advice)
    printed = "".join(f"\n  {line}" for line in error.last_lines)
    advice = f"Mend {dockerfile}; the next request builds it again."
    if "BuildKit" in error.message:
        advice = (
            f"Do without BuildKit's own syntax (such as RUN --mount) in {dockerfile}, or build the image "
        )
        advice += "yourself (docker build -t NAME .) and write image = NAME."
    return StartFailed(
        f"the build of {dockerfile} failed{where}: {shortened(error.message)}{printed}",
        "image",
        advice=advice,
    )


def with_tag(reference: str) -> str:
    """Return the reference with the tag that Docker takes when none is given."""
    _, tag = split_reference(reference)
    return reference if tag else f"{reference}:latest"


def split_reference(reference: str) -> tuple[str, str]:
    """Split an image reference into its name and its tag or digest; '' where it has neither."""
    name, at, digest = reference.partition("@")
    if at:
        return name, digest
    head, colon, tag = reference.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (reference, "")
