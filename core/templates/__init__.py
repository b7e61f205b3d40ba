"""Small projects that run at once: what ``hybrid-tui new`` writes and ``hybrid-tui demo`` runs."""

from pathlib import Path

TEMPLATES = {
    "flask": "a Worker in front of a Flask app",
    "typescript": "a Worker in TypeScript in front of a Flask app",
    "static": "a Worker in front of a static site",
    "demo": "a shop in three regions with made-up visitors",
}
"""Each template with what it is, in a few words."""


class TemplateError(Exception):
    """A project could not be written; the text says why and what to do next."""


def template_folder(template: str) -> Path:
    """Return the folder of a template, itself a project that runs. Raises KeyError when there is none."""
    if template not in TEMPLATES:
        raise KeyError(template)
    return Path(__file__).parent / template
