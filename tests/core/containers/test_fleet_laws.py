"""What must hold for every fleet, whatever happens to it: random visits and actions on virtual time."""

import asyncio
import contextlib
from collections import Counter, defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from core.containers.actions import ActionName, ActionRefused
from core.containers.lifecycle import DOWN_STATES, TRANSITIONS
from core.events.types import ColdStart, ColdStartWaiting, InstanceChanged, PhaseBegan
from tests.core.containers.rig import Recording, Rig, deployment, simulated

_REGIONS = ("us-east", "eu-west")
_actions: st.SearchStrategy[ActionName] = st.sampled_from(["start", "stop", "restart", "kill"])
_names = st.sampled_from(["app", "app-1", "app-2", "app-3"])
_steps = st.one_of(
    st.tuples(st.just("visit"), st.sampled_from(_REGIONS), st.integers(1, 12)),
    st.tuples(st.just("leave"), st.sampled_from(_REGIONS), st.floats(0.0, 2.0)),
    st.tuples(st.just("act"), _actions, _names),
    st.tuples(st.just("wait"), st.floats(0.0, 20.0), st.none()),
)
_scalings = st.one_of(
    st.builds(lambda count: {"instances": count}, st.integers(1, 3)),
    st.builds(lambda target: {"policy": "concurrency", "target_concurrency": target}, st.integers(1, 4)),
)


async def _go(rig: Rig, steps: list[tuple[str, object, object]]) -> list[int]:
    visits: list[asyncio.Task[tuple[int, bytes]]] = []
    for kind, one, other in steps:
        if kind == "visit":
            assert isinstance(other, int)
            visits += [asyncio.ensure_future(rig.get(f"/{number}", str(one))) for number in range(other)]
            await asyncio.sleep(0)
        elif kind == "leave":
            assert isinstance(other, float)
            gone = asyncio.ensure_future(rig.get("/gone", str(one)))
            await asyncio.sleep(other)
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
        elif kind == "act":
            _try(rig, one, str(other))  # type: ignore[arg-type]
        else:
            assert isinstance(one, float)
            await asyncio.sleep(one)
    return [status for status, _ in await asyncio.gather(*visits)]


def _try(rig: Rig, action: ActionName, name: str) -> None:
    with contextlib.suppress(ActionRefused):
        assert name in rig.fleet.act(action, name)


def _check_states(seen: Recording, max_instances: int) -> None:
    states: dict[str, str] = {}
    for event in seen.of(InstanceChanged):
        before = states.get(event.instance)
        if before is None:
            assert event.state == "placed"
        elif before != event.state or event.state != "pulling":
            assert event.state in TRANSITIONS[before]  # type: ignore[index]
        states[event.instance] = event.state
        assert sum(state not in DOWN_STATES for state in states.values()) <= max_instances
    assert all(state in DOWN_STATES for state in states.values())


def _check_cold_starts(seen: Recording) -> None:
    placed = Counter(event.instance for event in seen.of(InstanceChanged) if event.state == "placed")
    ended = Counter(event.instance for event in seen.of(ColdStart))
    assert placed == ended
    began = Counter(event.phase for event in seen.of(PhaseBegan))
    assert began["queue"] == sum(placed.values())
    waits = Counter(event.instance for event in seen.of(ColdStartWaiting))
    waited: dict[str, int] = defaultdict(int)
    for event in seen.of(ColdStart):
        waited[event.instance] += event.waited
    assert {name: count for name, count in waited.items() if count} == dict(waits)


@settings(max_examples=150, deadline=None)
@given(st.lists(_steps, max_size=12), _scalings, st.integers(1, 4), st.integers(0, 1000))
def test_the_laws_hold_whatever_happens(
    steps: list[tuple[str, object, object]], scaling: dict[str, object], max_instances: int, seed: int
) -> None:
    """Never more than max_instances; no transition outside the table; one ColdStart for each start;
    waiting counts add up; every request is answered; everything is down at the end.
    """
    declared = deployment(regions=_REGIONS, scaling=scaling, max_instances=max_instances, sleep_after="6s")
    statuses, seen = simulated(declared, lambda rig: _go(rig, steps), seed=seed)
    assert set(statuses) <= {200, 500}
    _check_states(seen, max_instances)
    _check_cold_starts(seen)
