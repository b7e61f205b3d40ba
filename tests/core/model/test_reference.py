from core.model.deployment import Container
from core.model.reference import markdown_reference

REFERENCE = markdown_reference()


def test_every_table_has_a_heading_as_it_is_written_in_the_file() -> None:
    for heading in (
        "[worker]",
        "[[containers]]",
        "[[regions]]",
        "[scaling]",
        "[traffic]",
        "[[traffic.paths]]",
    ):
        assert f"**`{heading}`**" in REFERENCE


def test_every_key_is_listed_with_its_meaning() -> None:
    for name, field in Container.model_fields.items():
        assert field.description is not None
        meaning = " ".join(field.description.replace("``", "`").split())
        (line,) = [one for one in REFERENCE.splitlines() if meaning in one]
        assert line.startswith(f"| `{name}` |")


def test_words_that_a_key_takes_are_listed() -> None:
    assert "One of `lite`, `basic`, `standard-1`" in REFERENCE
    assert "One of `ENAM`, `WNAM`" in REFERENCE


def test_what_only_the_loader_sets_is_not_listed() -> None:
    assert "`folder`" not in REFERENCE
