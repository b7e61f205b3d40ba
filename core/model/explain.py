"""Turn what pydantic reports into mistakes in plain words, with what is allowed and the nearest spelling."""

import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from core.model.deployment import NAME_PATTERN, as_name
from core.model.mistakes import KeyPath, Mistake, nearest
from core.model.worker import OUTBOUND_PATTERN
from core.profiles.load import load_profile

_PATTERNS = {
    NAME_PATTERN: ("at most 40 lower-case letters, digits and hyphens, with no hyphen at the ends"),
    r"^[A-Za-z_][A-Za-z0-9_]*$": "letters, digits and underscores, not starting with a digit, such as APP",
    r"^/": "a path that starts with /",
    r"^([A-Za-z_$][A-Za-z0-9_$]*)?$": "the name of a class, such as MyContainer",
    OUTBOUND_PATTERN: 'a host with or without a port, such as "api.example.com" or "127.0.0.1:9000"',
}
_QUOTED = re.compile(r"'([^']*)'")
_GPU = re.compile(r"gpus?(_|$)", re.IGNORECASE)
"""Keys that ask for a GPU: gpu, gpus, gpu_memory_mib, …"""

Report = Mapping[str, Any]
"""One error as pydantic reports it: type, loc, msg, input and ctx."""


def explain(reports: Iterable[Report], raw: Mapping[str, Any], model: type[BaseModel]) -> list[Mistake]:
    """Return the mistakes that pydantic found in ``raw`` when it read it as ``model``."""
    by_path: dict[KeyPath, list[Report]] = {}
    for report in reports:
        path = _path_in(raw, report)
        if report["type"] != "too_short" or not _at(raw, path):
            by_path.setdefault(path, []).append(report)
    mistakes = [_mistake(path, same, raw, model) for path, same in by_path.items()]
    return [*mistakes, *(_unknown_key((key,), raw, model) for key in loader_keys(model) if key in raw)]


def _path_in(raw: Any, report: Report) -> KeyPath:
    """Return the part of the place that is in the text; pydantic adds the names of alternatives to it."""
    path: KeyPath = ()
    value = raw
    for part in report["loc"]:
        inside = isinstance(value, Mapping) or (isinstance(value, list) and isinstance(part, int))
        if not inside:
            break
        try:
            value = value[part]
        except (KeyError, IndexError):
            if report["type"] == "missing" and part == report["loc"][-1]:
                path = (*path, part)
            continue
        path = (*path, part)
    return path


def _at(raw: Any, path: KeyPath) -> Any:
    for part in path:
        raw = raw[part]
    return raw


def _mistake(path: KeyPath, reports: list[Report], raw: Mapping[str, Any], model: type[BaseModel]) -> Mistake:
    first = reports[0]
    if first["type"] == "missing":
        return _missing(path, model)
    if first["type"] == "extra_forbidden":
        return _unknown_key(path, raw, model)
    if first["type"] == "value_error":
        return Mistake(path, str(first["ctx"]["error"]))
    value = _at(raw, path)
    wanted = " or ".join(dict.fromkeys(_wanted(report, path, model) for report in reports))
    hint = next((near for report in reports if (near := _near(report))), "")
    return Mistake(path, f"{shown(value)} is not allowed; write {wanted}", hint)


def _missing(path: KeyPath, model: type[BaseModel]) -> Mistake:
    owner = _model_at(model, path[:-1])
    field = owner.model_fields[str(path[-1])] if owner else None
    if field is None:
        return Mistake(path, "is missing")
    if field.examples:
        example = f"{path[-1]} = {json.dumps(field.examples[0])}"
    else:
        example = f"[[{path[-1]}]]" if get_origin(field.annotation) is tuple else f"[{path[-1]}]"
    return Mistake(path, f"is missing; write {example}")


def _unknown_key(path: KeyPath, raw: Mapping[str, Any], model: type[BaseModel]) -> Mistake:
    if path[0] == "containers" and _GPU.match(str(path[-1])):
        name = "beta" if raw.get("profile") == "beta" else "ga"
        return Mistake(path, f"profile {name}: {load_profile(name).gpu.refusal}")
    owner = _model_at(model, path[:-1])
    allowed = written_keys(owner) if owner else []
    return Mistake(
        path, f"is not a key here; allowed are {', '.join(allowed)}", nearest(str(path[-1]), allowed)
    )


def written_keys(model: type[BaseModel]) -> list[str]:
    """Return the keys that a file may hold; a field that only the loader sets is not among them."""
    return [name for name, field in model.model_fields.items() if not field.exclude]


def loader_keys(model: type[BaseModel]) -> list[str]:
    """Return the keys that only the loader sets."""
    return [name for name, field in model.model_fields.items() if field.exclude]


def _model_at(model: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    """Return the model of the table at ``path``; None where there is none, as in a table of free keys."""
    found: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, str):
            field = found.model_fields.get(part) if found else None
            found = model_in(field.annotation) if field else None
    return found


def model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model in a field's annotation, such as Region in tuple[Region, ...]; None where none is."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := model_in(part))), None)


def _pattern(context: Mapping[str, Any], _value: Any) -> str:
    return _PATTERNS[context["pattern"]]


def _one_of(context: Mapping[str, Any], _value: Any) -> str:
    *others, last = (f'"{one}"' for one in _QUOTED.findall(context["expected"]))
    return f"{', '.join(others)} or {last}" if others else last


def _near(report: Report) -> str:
    value = report["input"]
    if report["type"] == "literal_error" and isinstance(value, str):
        return nearest(value, _QUOTED.findall(report["ctx"]["expected"]))
    if report["type"] == "string_pattern_mismatch" and report["ctx"]["pattern"] == NAME_PATTERN:
        return as_name(value)
    return ""


def _wanted(report: Report, path: KeyPath, model: type[BaseModel]) -> str:
    """Return what would be right in place of what was reported."""
    kind, context = report["type"], report.get("ctx", {})
    if kind == "tuple_type":
        return _wanted_list(report["input"], path, model)
    if kind in _WANTED:
        return _WANTED[kind](context, report["input"])
    return str(report["msg"])


def _wanted_list(value: Any, path: KeyPath, model: type[BaseModel]) -> str:
    if _model_at(model, path):
        return f"a list of tables: [[{path[-1]}]] in place of [{path[-1]}]"
    return f"a list: {json.dumps(_words(value), ensure_ascii=False)}"


def _words(value: Any) -> list[str]:
    """Return a command's words as a shell reads them; the text as it is when a quote is left open."""
    try:
        return shlex.split(str(value))
    except ValueError:
        return [str(value)]


def _wanted_text(_context: Mapping[str, Any], value: Any) -> str:
    written = shown(value)
    return f'text in quotes: "{written}"' if isinstance(value, int | float) else "text in quotes"


Wanted = Callable[[Mapping[str, Any], Any], str]
_WANTED: dict[str, Wanted] = {
    "literal_error": _one_of,
    "string_pattern_mismatch": _pattern,
    "string_type": _wanted_text,
    "greater_than_equal": lambda context, _: f"a number of at least {context['ge']}",
    "greater_than": lambda context, _: f"a number above {context['gt']:g}",
    "less_than_equal": lambda context, _: f"a number of at most {context['le']}",
    "too_short": lambda context, _: f"at least {context['min_length']} of them",
    "model_type": lambda _, __: "a table",
    "model_attributes_type": lambda _, __: "a table",
    "dict_type": lambda _, __: 'a table, such as { NAME = "value" }',
    **dict.fromkeys(
        ("int_type", "int_parsing", "int_from_float", "int_parsing_size"), lambda _, __: "a whole number"
    ),
    **dict.fromkeys(
        ("float_type", "float_parsing", "finite_number", "decimal_type", "decimal_parsing"),
        lambda _, __: "a number",
    ),
}


def shown(value: Any) -> str:
    """Return a value as a person wrote it, cut to a length that fits on a line."""
    if isinstance(value, dict):
        return "a table"
    try:
        text = json.dumps(value, ensure_ascii=False)
    except TypeError:
        text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
