"""How an end is told."""

import pytest

from core.containers.drivers.docker.instances import exit_reason
from core.containers.drivers.protocol import Exit


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        (Exit(3, message="one\ntwo"), "it ended with exit code 3; its last output:\n  one\n  two"),
        (Exit(0), "it ended with exit code 0 and printed nothing"),
        (Exit(None), "it ended and printed nothing"),
        (Exit(137, True), "it was killed as it used more memory than its instance type has"),
    ],
)
def test_an_end_is_told_with_its_last_words(ended: Exit, said: str) -> None:
    assert exit_reason(ended).startswith(said)
