import pytest

from core.geo.tables import read_table


@pytest.mark.parametrize("name", ["edge_locations.csv", "regions.csv"])
def test_a_table_has_rows_whose_every_column_is_filled(name: str) -> None:
    rows = read_table(name)
    assert rows
    for row in rows:
        assert all(row.values())
        assert not any(value.startswith("#") for value in row.values())
