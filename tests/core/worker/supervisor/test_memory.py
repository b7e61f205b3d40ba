"""When an isolate holds too much memory."""

from core.worker.supervisor.memory import MemoryPolicy


def policy() -> MemoryPolicy:
    made = MemoryPolicy(128, 50)
    assert made.look(0.0, 60) == "within"
    return made


def test_the_limit_counts_from_the_memory_at_the_start() -> None:
    assert policy().look(0.05, 50 + 128) == "within"
    assert policy().look(0.05, 50 + 129) == "ask"


def test_twice_the_limit_is_over_without_a_question() -> None:
    assert policy().look(0.05, 50 + 257) == "over"


def test_who_does_not_say_what_it_holds_is_over() -> None:
    one = policy()
    assert [one.look(0.05 + step * 0.04, 200) for step in range(4)] == ["ask", "ask", "ask", "over"]


def test_slack_of_the_allocator_is_left_until_it_grows() -> None:
    one = policy()
    one.look(0.05, 200)
    one.told(100)
    assert [one.look(0.1 + step / 20, 210) for step in range(10)] == ["within"] * 10
    assert one.look(0.7, 220) == "ask"


def test_a_heap_over_the_limit_or_unknown_is_over() -> None:
    for heap_mib in (0.0, 129.0):
        one = policy()
        one.look(0.05, 200)
        one.told(heap_mib)
        assert one.look(0.1, 200) == "over"


def test_memory_given_back_is_forgiven() -> None:
    one = policy()
    one.look(0.05, 200)
    one.look(0.1, 100)
    assert one.look(0.3, 200) == "ask"


def test_a_pause_of_the_engine_is_not_time_to_answer() -> None:
    one = policy()
    one.look(0.05, 200)
    assert one.look(9.0, 200) == "ask"


def test_looks_come_closer_with_the_growth() -> None:
    one = policy()
    assert one.next_look_s(0.05) == 0.05
    one.look(0.05, 110)
    assert 0.005 < one.next_look_s(0.05) < 0.04
    one.look(0.1, 178)
    assert one.next_look_s(0.05) == 0.005
