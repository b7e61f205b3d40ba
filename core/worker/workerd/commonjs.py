"""Tell CommonJS from ES modules, and find the names that a CommonJS module exports, by its text."""

import re
from collections.abc import Callable

_COMMENT = re.compile(r"/\*.*?\*/|^\s*//[^\n]*", re.DOTALL | re.MULTILINE)
_ES_SYNTAX = re.compile(
    r"^\s*(?:import\s*(?:[\w$*{]|[\"'])|export\s*(?:[{*]|default\b|const\b|let\b|var\b|function\b|async\b|class\b))"
    r"|[;}]\s*(?:import\s*(?:[\w$*{][^;(]*from\s*)?[\"']|export\s*(?:\{|default\b))"
    r"|\bimport\.meta\b",
    re.MULTILINE,
)
_DEFAULT = re.compile(
    r"(?:^|[;}])\s*export\s+default\b|\bas\s+default\b\s*[,}]|\bexport\s*\{\s*default\b", re.MULTILINE
)
_NAME = r"[A-Za-z_$][\w$]*"
_ASSIGNED = re.compile(rf"\bexports\.({_NAME})\s*=(?!=)")
_BY_KEY = re.compile(rf"\bexports\[\s*['\"]({_NAME})['\"]\s*\]\s*=(?!=)")
_DEFINED = re.compile(rf"\bdefineProperty\(\s*(?:module\.)?exports\s*,\s*['\"]({_NAME})['\"]")
_OBJECT = re.compile(r"\bmodule\.exports\s*=\s*\{([^{}]*)")
_OBJECT_KEY = re.compile(rf"(?:^|,)\s*['\"]?({_NAME})['\"]?\s*(?=[,:(]|$)")
_GETTERS = re.compile(r"\b__export\(\s*\w+\s*,\s*\{(.*?)\}\s*\)\s*;", re.DOTALL)
_GETTER_KEY = re.compile(rf"['\"]?({_NAME})['\"]?\s*:\s*\(\s*\)\s*=>")
_ALL_OF = re.compile(
    r"(?:\bmodule\.exports\s*=\s*|\b__exportStar\(|\b__export\(|\b__reExport\([^,]*,)\s*"
    r"require\(\s*['\"]([^'\"]+)['\"]\s*\)"
)
_DEEPEST = 8
_NOT_NAMED = frozenset({"default", "__esModule"})


def is_es_module(source: str) -> bool:
    """Say whether a module's text uses import or export, as bundlers do where its name does not tell."""
    return _ES_SYNTAX.search(_COMMENT.sub("", source)) is not None


def has_default(source: str) -> bool:
    """Say whether an ES module's text has a default export."""
    return _DEFAULT.search(_COMMENT.sub("", source)) is not None


def export_names(source: str, required: Callable[[str], str | None], depth: int = 0) -> list[str]:
    """Return the names that a CommonJS module is seen to export, those that it hands on included.

    ``required`` gives the text of the module that a specifier in it means.
    """
    text = _COMMENT.sub("", source)
    names = {match for pattern in (_ASSIGNED, _BY_KEY, _DEFINED) for match in pattern.findall(text)}
    for inside in _OBJECT.findall(text):
        names.update(_OBJECT_KEY.findall(inside))
    for inside in _GETTERS.findall(text):
        names.update(_GETTER_KEY.findall(inside))
    if depth < _DEEPEST:
        for specifier in _ALL_OF.findall(text):
            inner = required(specifier)
            if inner is not None:
                names.update(export_names(inner, lambda _: None, depth + 1))
    return sorted(names - _NOT_NAMED)
