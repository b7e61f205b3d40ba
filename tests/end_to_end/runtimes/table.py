"""The suite as a table: a row a behaviour, a column a runtime; the README shows it."""

from tests.end_to_end.runtimes import answering, breaching, container_classes, failing, passing

RUNTIMES = ("deno", "workerd", "python")
PLAIN = [
    *answering.behaviour.listed,
    *passing.behaviour.listed,
    *container_classes.behaviour.listed,
    *failing.behaviour.listed,
]
BREACHES = breaching.behaviour.listed


def markdown_table() -> str:
    """Return the table in Markdown, with the reasons for gaps as notes below it."""
    notes: list[str] = []
    lines = ["| behaviour | " + " | ".join(RUNTIMES) + " |", "|---|" + "---|" * len(RUNTIMES)]
    for behaviour in (*PLAIN, *BREACHES):
        cells = []
        for runtime in RUNTIMES:
            reason = behaviour.absent.get(runtime)
            if reason and reason not in notes:
                notes.append(reason)
            cells.append(f"no ({notes.index(reason) + 1})" if reason else "yes")
        lines.append(f"| {behaviour.name} | " + " | ".join(cells) + " |")
    lines += ["", *(f"({number}) {reason[0].upper()}{reason[1:]}." for number, reason in enumerate(notes, 1))]
    return "\n".join(lines)
