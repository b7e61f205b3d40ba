"""How soon an isolate is started again."""

from core.worker.supervisor.restarts import Restarts


def test_the_first_end_waits_for_nothing() -> None:
    restarts = Restarts()
    assert restarts.wait_s(5.0) == 0
    restarts.ended(5.0)
    assert restarts.wait_s(5.0) == 0


def test_ends_in_a_row_wait_longer_and_longer_but_not_for_ever() -> None:
    restarts, now_s, waits = Restarts(), 0.0, []
    for _ in range(12):
        restarts.ended(now_s)
        waits.append(round(restarts.wait_s(now_s), 3))
        now_s += restarts.wait_s(now_s)
    assert waits == [0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5, 5, 5]


def test_an_end_long_after_the_one_before_begins_anew() -> None:
    restarts = Restarts()
    for now_s in (0.0, 0.1, 0.2):
        restarts.ended(now_s)
    restarts.ended(60.0)
    assert restarts.wait_s(60.0) == 0


def test_new_code_begins_anew() -> None:
    restarts = Restarts()
    for now_s in (0.0, 0.1, 0.2):
        restarts.ended(now_s)
    restarts.forget()
    assert restarts.wait_s(0.2) == 0
