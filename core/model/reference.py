"""The reference of hybrid.toml: every table and key, from the fields' own descriptions."""

import json
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from core.model.deployment import Deployment
from core.model.explain import model_in, written_keys


def markdown_reference() -> str:
    """Return one Markdown table for each table of hybrid.toml, the file's own keys first."""
    return "\n".join(_tables(Deployment, ""))


def _tables(model: type[BaseModel], heading: str) -> Iterator[str]:
    fields = {key: model.model_fields[key] for key in written_keys(model)}
    if heading:
        yield f"**`{heading}`** {_purpose(model)}\n"
    yield "| key | default | meaning |\n|---|---|---|"
    for key, field in fields.items():
        yield f"| `{key}` | {_default(field)} | {_meaning(field)} |"
    yield ""
    for key, field in fields.items():
        inner = model_in(field.annotation)
        if inner is not None:
            yield from _tables(inner, _heading(heading, key, field))


def _purpose(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split())


def _heading(outer: str, key: str, field: FieldInfo) -> str:
    path = f"{outer.strip('[]')}.{key}" if outer else key
    return f"[[{path}]]" if get_origin(field.annotation) is tuple else f"[{path}]"


def _meaning(field: FieldInfo) -> str:
    text = " ".join((field.description or "").replace("``", "`").split())
    choices = ", ".join(f"`{one}`" for one in _choices(field.annotation))
    return f"{text} One of {choices}." if choices and "," in choices else text


def _choices(annotation: Any) -> Iterator[str]:
    """Yield the words that a field takes, where it takes certain words only."""
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
        return
    for part in get_args(annotation):
        if choices := tuple(_choices(part)):
            yield from choices
            return


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    value = field.get_default()
    return f"`{_as_toml(value)}`" if _is_plain(value) and value != "" else ""


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _as_toml(value: Any) -> str:
    return json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value)
