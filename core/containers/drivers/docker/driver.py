"""Run the instances of one region as containers of a Docker Engine."""

import asyncio
import math
import signal
from collections.abc import Sequence
from dataclasses import replace

from core.containers.drivers.docker.api import EngineApi
from core.containers.drivers.docker.cgroups import open_reader
from core.containers.drivers.docker.clearing import Clearing
from core.containers.drivers.docker.connection import Json
from core.containers.drivers.docker.endpoint import resolve_endpoint
from core.containers.drivers.docker.errors import EngineError, unless
from core.containers.drivers.docker.failures import ended_early, refused
from core.containers.drivers.docker.images import Images
from core.containers.drivers.docker.instances import Instance
from core.containers.drivers.docker.labels import Owner, label_filter
from core.containers.drivers.docker.names import Renaming, create_container
from core.containers.drivers.docker.pause_image import is_known
from core.containers.drivers.docker.probe import (
    CONNECT_TIMEOUT_S,
    REMOTE_CONNECT_TIMEOUT_S,
    wait_for_port,
)
from core.containers.drivers.docker.regions import (
    make_network,
    reaches_containers,
    remove_container,
    remove_left_behind,
    remove_region,
)
from core.containers.drivers.docker.sandboxes import Sandbox, Sandboxes
from core.containers.drivers.docker.silence import listening_ports, silence_reason
from core.containers.drivers.docker.spec import (
    JOIN,
    container_body,
    container_name,
    nano_cpus,
    region_marks,
)
from core.containers.drivers.docker.stats import StatsReader
from core.containers.drivers.docker.watch import EventWatch
from core.containers.drivers.protocol import (
    ContainerConnectionError,
    DriverUnavailable,
    Exit,
    InstancePlan,
    OnUnavailable,
    Progress,
    Sample,
    StartFailed,
)
from core.events.types import DriverName, Kind
from core.http.client import PooledClient
from core.http.errors import ClientError, ConnectFailed
from core.http.messages import Request, Response
from core.model.start_policies import START_POLICIES, StartPolicyName

SAY_WHY_S = 0.05
"""So much before ready_timeout the wait for the port ends, to say what the program listens on instead."""
NOT_RUNNING = 409
NOT_FOUND = 404


class DockerDriver:
    """Run the instances of one region; see ``Driver`` for what each method promises.

    ``endpoint`` is the address of the Engine, empty for the usual one. ``on_unavailable`` is called when
    the Engine is lost; call ``open`` again to use it when it is back. ``owner`` marks everything made.
    """

    name: DriverName = "docker"
    kind: Kind = "measured"

    def __init__(
        self,
        deployment: str,
        region: str,
        *,
        endpoint: str = "",
        on_unavailable: OnUnavailable | None = None,
        owner: Owner | None = None,
    ) -> None:
        self.deployment = deployment
        self.region = region
        self._given_endpoint = endpoint
        self._on_unavailable = on_unavailable
        self._owner = owner or Owner.this_process()
        self._client = PooledClient()
        self._api: EngineApi | None = None
        self._images: Images | None = None
        self._renaming = Renaming()
        self._sandboxes: Sandboxes | None = None
        self._architecture = ""
        self._network = ""
        self._host_cpus = 1
        self._by_address = False
        self._making_network = asyncio.Lock()
        self._watch: EventWatch | None = None
        self._instances: dict[str, Instance] = {}
        self._clearing = Clearing(lambda plan: plan.instance in self._instances, self.remove)

    @property
    def engine(self) -> EngineApi:
        """Return the Engine's calls. Raises DriverUnavailable before ``open``."""
        if self._api is None:
            raise DriverUnavailable(f"The Docker driver of the region {self.region} is not open.")
        return self._api

    @property
    def policies(self) -> frozenset[StartPolicyName]:
        """Return all, but ``shared`` where there is no sandbox's program for the Engine's processor."""
        known = not self._architecture or is_known(self._architecture)
        return frozenset(START_POLICIES if known else set(START_POLICIES) - {"shared"})

    async def open(self) -> Sequence[str]:
        """Connect, and remove what killed runs and this driver's own earlier life left behind."""
        await self._let_go()
        endpoint = resolve_endpoint(self._given_endpoint)
        api = EngineApi(endpoint, self._client)
        try:
            await api.version()
            info = await api.info()
            self._host_cpus = int(info.get("NCPU") or 1)
            self._architecture = str(info.get("Architecture", ""))
            removed = await remove_left_behind(api, self.deployment, self.region, self._owner)
            self._network, gateway = await make_network(api, self.deployment, self.region, self._owner)
        except EngineError as error:
            raise DriverUnavailable(
                f"The Docker Engine at {endpoint.url} refused: {error.message}.", "Look at the Engine's log."
            ) from error
        self._by_address = reaches_containers(endpoint, gateway)
        filters = {"type": ["container"], **label_filter(deployment=self.deployment, region=self.region)}
        self._watch = EventWatch(api, filters, self._on_event, self._on_lost)
        await self._watch.subscribed()
        self._api, self._images = api, Images(api, self.deployment)
        self._sandboxes = Sandboxes(api, self.deployment, self.region, self._owner, self._architecture)
        return removed.lines

    async def prepare(self, plan: InstancePlan, progress: Progress) -> None:
        """Make the image available: there, pulled or built."""
        try:
            await self._open_images.prepare(plan, progress)
        except EngineError as error:
            raise refused(plan, "image", error) from error

    @property
    def _open_images(self) -> Images:
        if self._images is None:
            raise DriverUnavailable(f"The Docker driver of the region {self.region} is not open.")
        return self._images

    @property
    def _open_sandboxes(self) -> Sandboxes:
        if self._sandboxes is None:
            raise DriverUnavailable(f"The Docker driver of the region {self.region} is not open.")
        return self._sandboxes

    async def create(self, plan: InstancePlan) -> None:
        """Create the container, with its sandbox where it shares one; when cancelled, none is left."""
        await self._clearing.or_nothing(plan, self._create(plan))

    async def _create(self, plan: InstancePlan) -> None:
        sandbox: Sandbox | None = None
        publish_on = None if self._by_address else self.engine.endpoint.host
        try:
            network = await self._network_for(plan)
            if plan.policy == "shared":
                sandbox = await self._open_sandboxes.take(plan, network, publish_on)
                network = f"{JOIN}{sandbox.container}"
            image = self._open_images.reference(plan)
            marks = region_marks(self.deployment, self.region, self._owner)
            body = container_body(plan, image, network, marks, self._host_cpus, publish_on)
            name = container_name(self.deployment, plan.instance)
            container = await create_container(self.engine, name, body, self._owner)
        except EngineError as error:
            if sandbox is not None:
                await remove_container(self.engine, sandbox.container)
            if error.status == NOT_FOUND:
                self._open_images.forget(plan)
            raise refused(plan, "create", error) from error
        self._instances[plan.instance] = Instance(plan, container, sandbox)

    async def _network_for(self, plan: InstancePlan) -> str:
        """Return the network to join: one without a way out for an instance that may not have it."""
        if plan.internet or not self.cuts_internet():
            return self._network
        async with self._making_network:
            name, _ = await make_network(
                self.engine, self.deployment, self.region, self._owner, internal=True
            )
        return name

    def cuts_internet(self) -> bool:
        """Say whether instances without internet can be had: nothing is published from their network."""
        return self._by_address

    async def keep_networks(self, container: str, number: int) -> None:
        """Keep up to so many sandboxes of a class, and remove those that wait beyond that."""
        await self._open_sandboxes.keep(container, number)

    async def hand_over(self, prepared: InstancePlan, plan: InstancePlan) -> None:
        """Let what was prepared be the instance; it gets its name once it is ready, and keeps its label."""
        instance = self._instances.get(prepared.instance)
        if instance is None or instance.is_gone or instance.has_ended:
            await self.remove(prepared)
            raise StartFailed(f"{prepared.instance} is not there any more", "create")
        instance.plan, instance.is_misnamed = replace(plan, policy=prepared.policy), True
        self._instances[plan.instance] = self._instances.pop(prepared.instance)

    async def start(self, plan: InstancePlan) -> None:
        """Start or thaw the container; when it fails or is cancelled, none is left."""
        instance = self._instances[plan.instance]
        try:
            await self._clearing.or_nothing(plan, self._start(instance))
        except EngineError as error:
            await self.remove(plan)
            raise refused(plan, "start", error) from error

    async def _start(self, instance: Instance) -> None:
        if instance.frozen:
            await self.engine.unpause_container(instance.container)
            instance.frozen = False
            return
        await self.engine.start_container(instance.container)
        described = await self.engine.container(instance.container)
        instance.watch_exit(self.engine)
        instance.pid = int(described["State"]["Pid"])
        network = instance.sandbox.network if instance.sandbox else described["NetworkSettings"]
        instance.reach(network, None if self._by_address else self.engine.endpoint.host)
        self._read(instance)

    async def wait_until_listening(self, plan: InstancePlan) -> None:
        """Return when the port answers; the program's end, and a long silence, end the wait."""
        instance = self._instances[plan.instance]
        assert instance.exit is not None
        limit_s = None if plan.patient else max(plan.container.ready_timeout - SAY_WHY_S, SAY_WHY_S)
        probe = asyncio.ensure_future(self._probe(instance))
        try:
            await asyncio.wait({probe, instance.exit}, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
            if instance.exit.done():
                raise ended_early(plan, instance.exit.result(), self._open_images.reference(plan))
            if not probe.done():
                raise self._silent(instance)
            probe.result()
            await self._finish(instance)
        finally:
            probe.cancel()

    async def _finish(self, instance: Instance) -> None:
        """Do what its policy has put off until the port answers."""
        if instance.is_misnamed:
            instance.is_misnamed = False
            name = container_name(self.deployment, instance.plan.instance)
            self._renaming.begin(self.engine, instance.container, name, self._owner)
        if instance.plan.policy != "boosted":
            return
        limits = {"NanoCpus": nano_cpus(instance.plan, self._host_cpus)}
        try:
            await self.engine.update_container(instance.container, limits)
        except EngineError as error:
            raise refused(instance.plan, "boot", error) from error

    async def freeze(self, plan: InstancePlan) -> None:
        """Pause the container: its processes stay in memory and get no time."""
        instance = self._instances[plan.instance]
        try:
            await self._clearing.or_nothing(plan, self.engine.pause_container(instance.container))
        except EngineError as error:
            raise refused(plan, "boot", error) from error
        instance.frozen = True

    async def _probe(self, instance: Instance) -> None:
        if instance.port == 0:
            await asyncio.Event().wait()  # It ended before its port was published.
        is_near = self.engine.endpoint.is_local
        await wait_for_port(
            instance.host,
            instance.port,
            first_byte=not self._by_address,
            connect_timeout_s=CONNECT_TIMEOUT_S if is_near else REMOTE_CONNECT_TIMEOUT_S,
        )

    def _silent(self, instance: Instance) -> StartFailed:
        container = instance.plan.container
        listening = listening_ports(instance.pid) if self._by_address else []
        reason, advice = silence_reason(container.port, container.ready_timeout, listening)
        return StartFailed(reason, "boot", not_listening=True, advice=advice)

    def _read(self, instance: Instance) -> None:
        if instance.reader is None and self._by_address:
            instance.reader = open_reader(instance.pid, instance.container)
        if instance.reader is None:
            instance.reader = StatsReader(self.engine, instance.container)

    async def wait_until_exit(self, plan: InstancePlan) -> Exit:
        """Return when the program has ended. Raises DriverUnavailable when the Engine is lost."""
        instance = self._instances.get(plan.instance)
        if instance is None or instance.exit is None:
            raise DriverUnavailable(f"The instance {plan.instance} is not known any more.")
        return await asyncio.shield(instance.exit)

    async def fetch(self, plan: InstancePlan, request: Request, port: int | None = None) -> Response:
        """Send a request to the instance's port, or to another where containers are reached directly."""
        instance = self._instances.get(plan.instance)
        if instance is None or instance.has_ended:
            raise ContainerConnectionError(f"{plan.instance} has ended", connected=False)
        other_port = None if port == plan.container.port else port
        if other_port is not None and not self._by_address:
            raise ContainerConnectionError(
                f"of {plan.instance} only the port {plan.container.port} is published, not {other_port}",
                connected=False,
            )
        try:
            with instance.answering():
                return await self._client.fetch((instance.host, other_port or instance.port), request)
        except ConnectFailed as error:
            raise ContainerConnectionError(str(error), connected=False) from error
        except ClientError as error:
            raise ContainerConnectionError(str(error), connected=True) from error

    async def stop(self, plan: InstancePlan, grace_s: float) -> None:
        """Send SIGTERM, and SIGKILL after ``grace_s`` (the Engine counts whole seconds, rounded up)."""
        grace_s = math.ceil(grace_s)
        await unless(NOT_FOUND, self.engine.stop_container(self._container(plan), grace_s))

    async def kill(self, plan: InstancePlan) -> None:
        """Send SIGKILL."""
        await self.signal(plan, signal.SIGKILL)

    async def signal(self, plan: InstancePlan, number: int) -> None:
        """Send the program a signal; the container's init passes it on."""
        call = self.engine.kill_container(self._container(plan), str(int(number)))
        await unless(NOT_FOUND, unless(NOT_RUNNING, call))

    async def written_bytes(self, plan: InstancePlan) -> int | None:
        """Return the size of the container's writable layer; None when the Engine does not say."""
        try:
            described = await self.engine.container(self._container(plan), size=True)
        except EngineError:
            return None
        return described.get("SizeRw")

    async def remove(self, plan: InstancePlan) -> None:
        """Remove the container with its disk."""
        container = self._container(plan)
        if (instance := self._instances.pop(plan.instance, None)) is not None:
            instance.forget()
        await remove_container(self.engine, container)
        if instance is not None and instance.sandbox is not None:
            await self._open_sandboxes.give_back(instance.plan.container.name, instance.sandbox)

    def _container(self, plan: InstancePlan) -> str:
        instance = self._instances.get(plan.instance)
        return instance.container if instance else container_name(self.deployment, plan.instance)

    async def samples(self) -> Sequence[Sample]:
        """Read memory and CPU of every instance that runs."""
        samples = [instance.sample() for instance in self._instances.values()]
        return [sample for sample in samples if sample is not None]

    async def close(self) -> None:
        """Remove every container and the network, and let go of the Engine."""
        try:
            await self._clearing.until_done()
            await self._renaming.until_done()
            if self._api is not None:
                await remove_region(self._api, self.deployment, self.region, self._owner)
        finally:
            await self._let_go()
            await self._client.close()

    async def _let_go(self) -> None:
        watch, self._watch, self._api, self._images = self._watch, None, None, None
        self._sandboxes = None
        if watch is not None:
            await watch.stop()
        for instance in self._instances.values():
            instance.forget()
        self._instances.clear()

    def _on_event(self, event: Json) -> None:
        container = (event.get("Actor") or {}).get("ID")
        if (action := event.get("Action")) in ("oom", "destroy"):
            for instance in self._instances.values():
                if instance.container == container:
                    instance.memory_was_short |= action == "oom"
                    instance.is_gone |= action == "destroy"

    async def _on_lost(self, error: DriverUnavailable) -> None:
        if self._on_unavailable is not None:
            await self._on_unavailable(error.message, error.advice)
