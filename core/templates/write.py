"""Write a template as a project of one's own."""

from collections.abc import Iterator
from pathlib import Path

import tomlkit

from core.model.deployment import as_name
from core.model.mistakes import nearest
from core.templates import TEMPLATES, TemplateError, template_folder


def write_project(template: str, folder: Path) -> list[Path]:
    """Write a template to ``folder`` under the folder's name and return the files, relative to it.

    Raises TemplateError when there is no such template, the name cannot be a deployment's, the folder
    holds something already, or the system refuses.
    """
    if template not in TEMPLATES:
        close = nearest(template, TEMPLATES)
        hint = f" (did you mean {close}?)" if close else ""
        raise TemplateError(f"there is no template {template}; there are {', '.join(TEMPLATES)}{hint}")
    name = folder.resolve().name
    if as_name(name) != name:
        raise TemplateError(
            f'"{name}" cannot name a deployment: use at most 40 lower-case letters, digits and hyphens, '
            f"such as {as_name(name) or 'shop'}"
        )
    try:
        return list(_copy(template_folder(template), folder, name))
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
