"""Emulate instances: every time is an ``asyncio.sleep``, every figure a seeded draw, and no I/O at all."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from core.clock import Clock
from core.containers.drivers.protocol import (
    ContainerConnectionError,
    Exit,
    InstancePlan,
    Progress,
    Sample,
    StartFailed,
)
from core.containers.drivers.simulated.draws import SHARED_START_SHARE, THAW_S, generator
from core.containers.drivers.simulated.program import Program
from core.events.types import DriverName, Kind
from core.http.messages import Request, Response, text_response
from core.model.start_policies import START_POLICIES, StartPolicyName

_KILLED = Exit(137)
_SIGNALLED = 128
"""A program that a signal ended exits with this and the signal's number."""
_PULL_STEPS = 4


class SimulatedDriver:
    """Run emulated instances in one region; the same seed gives the same run."""

    name: DriverName = "simulated"
    kind: Kind = "emulated"

    def __init__(self, region: str, clock: Clock, seed: int) -> None:
        self._region = region
        self._clock = clock
        self._seed = seed
        self._programs: dict[str, Program] = {}
        self._lives: dict[str, int] = {}

    @property
    def policies(self) -> frozenset[StartPolicyName]:
        """It follows all of them, each as much faster than ``plain`` as measured on Docker."""
        return frozenset(START_POLICIES)

    async def open(self) -> Sequence[str]:
        """Nothing needs to be reached, and nothing outlives the engine."""
        return ()

    async def prepare(self, plan: InstancePlan, progress: Progress) -> None:
        """Draw the program of this start, and wait as long as its image would take."""
        life = self._lives[plan.instance] = self._lives.get(plan.instance, 0) + 1
        rng = generator(self._seed, self._region, plan.instance, life)
        program = self._programs[plan.instance] = Program(plan, rng)
        for step in range(_PULL_STEPS):
            if program.times.fetches_image:
                progress(f"pulling the image, {step * 100 // _PULL_STEPS} %")
            await asyncio.sleep(program.times.image_s / _PULL_STEPS)

    async def create(self, plan: InstancePlan) -> None:
        """Wait as long as the create call takes."""
        program = self._program(plan)
        program.plan = plan
        await asyncio.sleep(program.times.create_s)

    async def start(self, plan: InstancePlan) -> None:
        """Wait as long as the start call takes, or the thawing."""
        program = self._program(plan)
        if program.frozen:
            await asyncio.sleep(THAW_S)
            program.frozen, program.listening = False, not program.ended.done()
            return
        is_shared = program.plan.policy == "shared"
        await asyncio.sleep(program.times.start_s * (SHARED_START_SHARE if is_shared else 1.0))
        program.begin(self._clock.now_s())

    async def wait_until_listening(self, plan: InstancePlan) -> None:
        """Wait as long as the program takes to boot."""
        program = self._program(plan)
        if not program.listening:
            await asyncio.wait({program.ended}, timeout=program.boot_s())
        if program.ended.done():
            end = program.ended.result()
            raise StartFailed("the program was ended while it booted", "boot", exit_code=end.exit_code)
        program.listening = True

    async def freeze(self, plan: InstancePlan) -> None:
        """Let it rest."""
        program = self._program(plan)
        program.frozen, program.listening = True, False

    async def keep_networks(self, container: str, number: int) -> None:
        """There is no network."""

    async def hand_over(self, prepared: InstancePlan, plan: InstancePlan) -> None:
        """Let the program that was prepared be the plan's."""
        program = self._programs.pop(prepared.instance, None)
        if program is None or program.ended.done():
            raise StartFailed(f"{prepared.instance} is not there any more", "create")
        program.plan = replace(plan, policy=prepared.policy)
        self._programs[plan.instance] = program

    async def wait_until_exit(self, plan: InstancePlan) -> Exit:
        """Return when it was stopped or killed; it never ends by itself."""
        return await asyncio.shield(self._program(plan).ended)

    async def fetch(self, plan: InstancePlan, request: Request, port: int | None = None) -> Response:
        """Read the request's body, take the time that its path takes, and answer with a line of text."""
        program = self._programs.get(plan.instance)
        if program is None or not program.listening or port not in (None, plan.container.port):
            raise ContainerConnectionError(f"{plan.instance} does not listen", connected=False)
        if request.body is not None:
            async for _ in request.body:
                pass
        await program.serve(request.path)
        if not program.listening:
            raise ContainerConnectionError(f"{plan.instance} ended", connected=True)
        response = text_response(200, f"{request.path} from {plan.instance} in {plan.region} (emulated)\n")
        if request.method == "HEAD":
            response.body = None
        return response

    async def stop(self, plan: InstancePlan, grace_s: float) -> None:
        """Let it end in its own time, at most ``grace_s``."""
        program = self._programs.get(plan.instance)
        if program is None or program.ended.done():
            return
        needs_s = program.stop_time_s()
        await asyncio.wait({program.ended}, timeout=min(needs_s, grace_s))
        program.end(Exit(0) if needs_s <= grace_s else _KILLED)

    async def kill(self, plan: InstancePlan) -> None:
        """End it at once."""
        if plan.instance in self._programs:
            self._programs[plan.instance].end(_KILLED)

    async def signal(self, plan: InstancePlan, number: int) -> None:
        """End it as a program without a handler for the signal ends."""
        if plan.instance in self._programs:
            self._programs[plan.instance].end(Exit(_SIGNALLED + number))

    def cuts_internet(self) -> bool:
        """Nothing runs, so nothing is reached."""
        return True

    async def written_bytes(self, plan: InstancePlan) -> int | None:
        """Return a drawn figure that grows with what it has served; None for one that never ran."""
        program = self._programs.get(plan.instance)
        return program.written_bytes() if program is not None else None

    async def remove(self, plan: InstancePlan) -> None:
        """Forget it."""
        program = self._programs.pop(plan.instance, None)
        if program is not None:
            program.end(_KILLED)

    async def samples(self) -> Sequence[Sample]:
        """Read every running program."""
        now_s = self._clock.now_s()
        return [one.sample(now_s) for one in self._programs.values() if one.listening or one.frozen]

    async def close(self) -> None:
        """End everything."""
        for program in self._programs.values():
            program.end(_KILLED)
        self._programs.clear()

    def _program(self, plan: InstancePlan) -> Program:
        program = self._programs.get(plan.instance)
        if program is None:
            raise StartFailed(f"{plan.instance} was removed while it started", "create")
        return program
