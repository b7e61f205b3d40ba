"""The generated parts of the README; ``python -m tests.readme`` writes them anew."""

import re
from pathlib import Path

from core.model.reference import markdown_reference
from tests.core.geo import residuals
from tests.end_to_end.runtimes import table
from tui.actions import markdown_table

README = Path(__file__).parent.parent / "README.md"


def rewritten(text: str) -> str:
    """Return the README with its generated parts made anew from the sources."""
    parts = {
        "keys": markdown_table(),
        "behaviours": table.markdown_table(),
        "fields": markdown_reference(),
        "distances": residuals.markdown_table(),
    }
    for name, made in parts.items():
        part = re.compile(f"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        text, count = part.subn(lambda found, made=made: f"{found[1]}{made.strip()}\n{found[2]}", text)  # type: ignore[misc]
        if count != 1:
            raise ValueError(f"the README has {count} parts called {name}")
    return text


if __name__ == "__main__":
    README.write_text(rewritten(README.read_text("utf-8")), "utf-8")
