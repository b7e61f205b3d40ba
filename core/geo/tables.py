"""Read the tables of this folder: comma-separated, with comment lines that start with #."""

import csv
from pathlib import Path

_FOLDER = Path(__file__).parent


def read_table(name: str) -> list[dict[str, str]]:
    """Return the rows of a table, each by column name."""
    text = (_FOLDER / name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
