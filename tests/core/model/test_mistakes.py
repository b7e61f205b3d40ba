import pytest

from core.model.mistakes import KeyPath, Mistake, as_line, dotted, nearest


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("name",), "name"),
        (("regions", 0, "city"), "regions[0].city"),
        (("traffic", "cities", "São Paulo"), 'traffic.cities."São Paulo"'),
    ],
)
def test_a_path_reads_as_in_the_file(path: KeyPath, text: str) -> None:
    assert dotted(path) == text


@pytest.mark.parametrize(
    ("word", "best"),
    [
        ("instance_typ", "instance_type"),
        ("Instance-Type", "instance_type"),
        ("standart", "standard-1"),
        ("zebra", ""),
        ("", ""),
    ],
)
def test_the_nearest_spelling_is_offered_only_where_it_is_near(word: str, best: str) -> None:
    assert nearest(word, ["standard-1", "standard-2", "instance_type"]) == best


def test_nothing_allowed_means_nothing_near() -> None:
    assert nearest("x", []) == ""


def test_a_mistake_is_one_line_with_file_line_key_and_hint() -> None:
    line = as_line("hybrid.toml", 7, Mistake(("worker", "mian"), "is not a key here", "main"))
    assert line == "hybrid.toml:7: worker.mian: is not a key here (did you mean main?)"
