"""When an isolate counts as stuck."""

from core.worker.supervisor.stall import StallPolicy, Verdict, look_every_s


def looks(policy: StallPolicy, *readings: tuple[float, float, str]) -> list[Verdict]:
    return [policy.look(now_s, cpu_s, running) for now_s, cpu_s, running in readings]


def pinged(cpu_limit_s: float = 30.0) -> StallPolicy:
    policy = StallPolicy(cpu_limit_s)
    policy.pinged(10.0, 1.0, "a")
    return policy


def test_no_answer_while_cpu_time_grows_is_a_stall() -> None:
    assert looks(pinged(), (10.05, 1.05, "a"), (10.1, 1.1, "a")) == ["responding", "stalled"]


def test_no_answer_without_cpu_time_is_none() -> None:
    assert looks(pinged(), (10.05, 1.0, "a"), (10.1, 1.01, "a"), (10.2, 1.01, "a")) == ["responding"] * 3


def test_an_answer_ends_the_wait() -> None:
    policy = pinged()
    policy.look(10.05, 1.05, "a")
    policy.answered()
    assert policy.look(10.2, 1.2, "a") == "responding"


def test_who_goes_from_request_to_request_is_busy_and_not_stuck() -> None:
    readings = [(10 + step / 20, 1 + step / 20, f"request {step}") for step in range(1, 9)]
    assert set(looks(pinged(), *readings)) == {"responding"}


def test_a_pause_of_the_engine_is_looked_at_twice() -> None:
    readings = (15.0, 6.0, "a"), (15.05, 6.05, "a"), (15.1, 6.1, "a")
    assert looks(pinged(), *readings) == ["responding", "responding", "stalled"]


def test_a_pause_of_the_engine_does_not_hide_cpu_time_over_the_limit() -> None:
    assert looks(pinged(1.0), (15.0, 6.0, "a"), (15.05, 6.05, "a")) == ["responding", "over_limit"]


def test_cpu_time_over_the_limit_since_the_last_answer() -> None:
    readings = [(10 + step / 20, 1 + step / 20, "a") for step in range(1, 21)]
    assert looks(pinged(0.5), *readings)[8:11] == ["stalled", "stalled", "over_limit"]


def test_looks_are_closer_for_a_short_limit() -> None:
    assert [look_every_s(limit_s) for limit_s in (30.0, 0.1, 0.01)] == [0.05, 0.025, 0.02]
