"""CommonJS is told from ES modules, and the names that it exports are seen in its text."""

import pytest

from core.worker.workerd.commonjs import export_names, has_default, is_es_module


@pytest.mark.parametrize(
    "source",
    [
        'import x from "y";',
        'import"y"',
        "import * as all from 'y'",
        "import {a} from 'y'",
        "export const a = 1;",
        "export{a as b};",
        "export default class {}",
        "const a=1;export{a};",
        'var x=1;import y from"z";',
        "console.log(import.meta.url)",
    ],
)
def test_import_and_export_make_an_es_module(source: str) -> None:
    assert is_es_module(source)


@pytest.mark.parametrize(
    "source",
    [
        'const y = require("y"); exports.a = y;',
        "// import x from 'y'\nmodule.exports = 1;",
        "/*\nexport default 1\n*/\nmodule.exports = 1;",
        "exports.imported = 1;",
        'import("y").then(() => 1);',
    ],
)
def test_what_only_looks_so_does_not(source: str) -> None:
    assert not is_es_module(source)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("exports.a = 1; exports.b = exports.c = 2; exports.d === 3;", ["a", "b", "c"]),
        ('Object.defineProperty(exports, "a", { get() {} });', ["a"]),
        ('exports["a"] = 1;', ["a"]),
        ("module.exports = { a, b: 1, 'c': 2, d() {} };", ["a", "b", "c", "d"]),
        ("__export(out, { a: () => a, b: () => b });", ["a", "b"]),
        ("exports.default = 1; exports.__esModule = true;", []),
        ("// exports.a = 1", []),
    ],
)
def test_names_are_found(source: str, names: list[str]) -> None:
    assert export_names(source, lambda _: None) == names


@pytest.mark.parametrize(
    "source", ['module.exports = require("./b");', '__exportStar(require("./b"), exports);']
)
def test_names_of_a_module_handed_on_count(source: str) -> None:
    assert export_names(source, {"./b": "exports.inner = 1;"}.get) == ["inner"]


@pytest.mark.parametrize(
    ("source", "has"),
    [
        ("export default 1", True),
        ("const a = 1;export default a", True),
        ("export { a as default };", True),
        ("export { default } from 'x';", True),
        ("export const a = 'as default';", False),
        ("export { a as defaults };", False),
    ],
)
def test_a_default_export_is_seen(source: str, has: bool) -> None:
    assert has_default(source) is has
