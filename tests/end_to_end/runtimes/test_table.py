"""The table names each behaviour once, and each gap with its reason."""

from tests.end_to_end.runtimes.table import BREACHES, PLAIN, RUNTIMES, markdown_table


def test_each_behaviour_has_one_row_and_a_name_of_its_own() -> None:
    names = [one.name for one in (*PLAIN, *BREACHES)]
    assert len(set(names)) == len(names)
    rows = [line for line in markdown_table().splitlines() if line.startswith("| ")]
    assert len(rows) == len(names) + 1


def test_a_gap_is_of_a_runtime_that_exists_and_says_why() -> None:
    for behaviour in (*PLAIN, *BREACHES):
        assert set(behaviour.absent) <= set(RUNTIMES)
        assert all(behaviour.absent.values())
