"""The engine's process: reads what to run, says when it is up or why it is not, and runs it."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from core.clock import RealClock, VirtualClock, run_virtual
from core.open_files import allow_many
from core.options import EngineOptions
from core.runs import RunRecord, is_alive, no_state_folder, read_run, socket_path, state_folder

if TYPE_CHECKING:
    from core.lifetime import Lifetime
    from core.model.deployment import Deployment

FAILED = 1
WRONG_INPUT = 2

OnReady = Callable[[RunRecord], None]


class CannotRun(Exception):
    """The deployment cannot be run: the message for the user, and the exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class Time:
    """How time passes in a run."""

    virtual: bool
    """Every region is simulated: nothing is waited for in earnest."""
    paced: bool
    """Time keeps step with real time, so that a person can follow and a console attach."""


def run(options: EngineOptions, ready: OnReady | None = None) -> int:
    """Run a deployment in this process until it ends, and return the exit code.

    ``ready`` is called with the run's note when the deployment can be reached. What is wrong is written
    to standard error.
    """
    try:
        run_engine(options, ready or (lambda _: None))
    except CannotRun as error:
        print(error.message, file=sys.stderr)
        return error.exit_code
    return 0


def run_engine(options: EngineOptions, ready: OnReady) -> None:
    """Run a deployment until it ends. Raises CannotRun."""
    allow_many()
    deployment = _load(options)
    time = how_time_passes(deployment, options)
    _need_a_runtime(deployment, time)
    if time.paced:
        _refuse_a_second(deployment.name)
        _need_state_folder(deployment.name)
    if not time.virtual:
        _run_on_real_time(deployment, options, ready)
        return
    clock = VirtualClock()
    pace = 1.0 if time.paced else None
    run_virtual(_run(deployment, options, clock, time, ready), clock, pace)


def how_time_passes(deployment: "Deployment", options: EngineOptions) -> Time:
    """Say whether the run is on virtual time, and at which speed.

    Virtual time without a console and with a given end runs as fast as it can.
    """
    drivers = {one.driver if options.driver == "auto" else options.driver for one in deployment.regions}
    virtual = drivers == {"simulated"}
    return Time(virtual, paced=not virtual or options.paced or options.for_s is None)


def _load(options: EngineOptions) -> "Deployment":
    from core.geo.check import problems
    from core.geo.constraints import constraint_problems, within_constraints
    from core.model.load import load_deployment
    from core.model.mistakes import ConfigError

    try:
        return load_deployment(
            options.path,
            driver=options.driver,
            runtime=options.runtime,
            checks=[problems, constraint_problems],
            narrow=within_constraints,
        )
    except ConfigError as error:
        raise CannotRun(str(error), WRONG_INPUT) from None


def _need_a_runtime(deployment: "Deployment", time: Time) -> None:
    """Refuse what cannot run the Worker on this machine, or in this time."""
    worker = deployment.worker
    if time.virtual and worker.runtime_name != "python":
        raise CannotRun(
            f"{worker.main} runs on {worker.runtime_name}, which keeps real time; with every region on the "
            "simulated driver time is virtual, and only a Python Worker can be run: "
            "take --driver process or docker, or name a .py file in [worker]",
            WRONG_INPUT,
        )
    if worker.runtime_name == "workerd":
        from core.worker.workerd.find import find_workerd

        if find_workerd(deployment.folder) is None:
            raise CannotRun(
                "there is no workerd in the project's node_modules or on the PATH: npm install workerd, "
                "or take --runtime deno, which is here already",
                WRONG_INPUT,
            )


def _refuse_a_second(name: str) -> None:
    record = read_run(name)
    if record is not None and is_alive(record):
        raise CannotRun(
            f"{name} runs already at {record.url or 'no address'} (process {record.pid}): "
            f"hybrid-tui attach {name} opens a console on it, hybrid-tui down {name} stops it",
            FAILED,
        )


def _need_state_folder(name: str) -> None:
    try:
        state_folder(name)
        socket_path(name)  # elsewhere than in that folder, where its path is too long for a socket
    except OSError as error:
        raise CannotRun(no_state_folder(error), FAILED) from None


def _run_on_real_time(deployment: "Deployment", options: EngineOptions, ready: OnReady) -> None:
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_run(deployment, options, RealClock(), Time(virtual=False, paced=True), ready))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return the faster loop; it is not made for every system, and the standard one does the same."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


async def _run(
    deployment: "Deployment",
    options: EngineOptions,
    clock: RealClock | VirtualClock,
    time: Time,
    ready: OnReady,
) -> None:
    from core.control.server import AlreadyServed
    from core.engine import Engine
    from core.http.errors import CannotListen, PortTaken
    from core.output import DirectOutput, QueuedOutput

    engine = Engine(deployment, options, clock, virtual=time.virtual, door=time.paced)
    engine.lifetime.end_on_signals()
    output = None
    if options.json:
        loop = asyncio.get_running_loop()
        make = QueuedOutput if time.paced else DirectOutput
        output = make(sys.stdout.buffer, lambda: _end_soon(loop, engine.lifetime))
        engine.bus.subscribe(output.write)
    try:
        await engine.run(ready)
    except PortTaken as error:
        raise CannotRun(
            f"{error}; end it, or take another port with --port N, any free one with --port 0", FAILED
        ) from None
    except (AlreadyServed, CannotListen) as error:
        raise CannotRun(str(error), FAILED) from None
    finally:
        if output is not None:
            output.close()


def _end_soon(loop: asyncio.AbstractEventLoop, lifetime: "Lifetime") -> None:
    """End the run from any thread: whoever read the events has gone."""
    loop.call_soon_threadsafe(lifetime.end, "nobody reads its output")


def main() -> int:
    """Run what the first argument says (EngineOptions as JSON), for a console in another process.

    Prints one line of JSON when the deployment can be reached, or when it cannot.
    """
    try:
        options = _options(sys.argv[1:])
        run_engine(options, lambda record: _answer({"ok": True, **msgspec.to_builtins(record)}))
    except CannotRun as error:
        _answer({"ok": False, "message": error.message, "exit_code": error.exit_code})
        return error.exit_code
    return 0


def _options(arguments: list[str]) -> EngineOptions:
    try:
        (text,) = arguments
        return msgspec.json.decode(text, type=EngineOptions)
    except ValueError as error:  # msgspec's errors are ValueErrors
        raise CannotRun(f"the engine takes one argument, its options as JSON: {error}", WRONG_INPUT) from None


def _answer(answer: dict[str, object]) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
