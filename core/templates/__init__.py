"""Small projects that run at once: what ``hybrid-tui new`` writes and ``hybrid-tui demo`` runs."""

from collections.abc import Iterator
from pathlib import Path

import tomlkit

from core.model.deployment import as_name
from core.model.mistakes import nearest

TEMPLATES = {
    "flask": "a Worker in front of a Flask app",
    "static": "a Worker in front of a static site",
    "demo": "a shop in three regions with made-up visitors",
}
"""Each template with what it is, in a few words."""
_HOME = Path(__file__).parent


class TemplateError(Exception):
    """A project could not be written; the text says why and what to do next."""


def template_folder(template: str) -> Path:
    """Return the folder of a template, itself a project that runs. Raises TemplateError."""
    if template not in TEMPLATES:
        close = nearest(template, TEMPLATES)
        hint = f" (did you mean {close}?)" if close else ""
        raise TemplateError(f"there is no template {template}; there are {', '.join(TEMPLATES)}{hint}")
    return _HOME / template


def write_project(template: str, folder: Path) -> list[Path]:
    """Write a template to ``folder`` under the folder's name and return the files, relative to it.

    Raises TemplateError when the name cannot be a deployment's, the folder holds something already, or
    the system refuses.
    """
    source = template_folder(template)
    name = folder.resolve().name
    if as_name(name) != name:
        advice = f"call it {as_name(name)}" if as_name(name) else "call it something like shop"
        raise TemplateError(
            f'"{name}" cannot name a deployment: use lower-case letters, digits, hyphens; {advice}'
        )
    try:
        return list(_copy(source, folder, name))
    except OSError as error:
        raise TemplateError(f"{error.filename or folder}: {error.strerror or error}") from None


def _copy(source: Path, folder: Path, name: str) -> Iterator[Path]:
    if folder.is_dir() and any(folder.iterdir()):
        raise TemplateError(f"{folder} is not empty; give the name of a new folder")
    for file in sorted(source.rglob("*")):
        relative = file.relative_to(source)
        if file.is_dir() or "__pycache__" in relative.parts:
            continue
        target = folder / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        text = file.read_text("utf-8")
        target.write_text(named(text, name) if relative.name == "hybrid.toml" else text, "utf-8")
        yield relative


def named(text: str, name: str) -> str:
    """Return a hybrid.toml with another name and everything else, comments too, as it was."""
    document = tomlkit.parse(text)
    document["name"] = name
    return tomlkit.dumps(document)
