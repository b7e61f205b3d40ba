"""An import leads to the file that its author means, and never to a file that no module is."""

from pathlib import Path

import pytest

from core.worker.workerd.modules import Module, Modules, alias_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "my shop"


@pytest.fixture
def modules(folder: Path) -> Modules:
    return Modules(folder)


def _write(path: Path, text: str = "export const a = 1;") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("./exact.js", "exact.js"),
        ("./exact", "exact.js"),
        ("./typed.js", "typed.ts"),
        ("./typed", "typed.ts"),
        ("./folder", "folder/index.ts"),
        ("./data.json", "data.json"),
        ("../src/exact.js", "exact.js"),
        ("./page.html", "page.html"),
    ],
)
def test_relative_imports_need_no_suffix(folder: Path, modules: Modules, written: str, name: str) -> None:
    for one in ("exact.js", "typed.ts", "folder/index.ts", "data.json", "page.html"):
        _write(folder / "src" / one)
    referrer = modules.url_of(folder / "src" / "worker.ts")
    assert modules.resolve(written, referrer, "import") == folder / "src" / name


def test_urls_come_back_as_files(folder: Path, modules: Modules, tmp_path: Path) -> None:
    for file in (folder / "a b#c.js", folder / "@x%/ü.js", tmp_path / "other" / "x.js"):
        assert modules.file_of(modules.url_of(file)) == file
    assert modules.url_of(folder / "a b.js") == "file:///bundle/a%20b.js"
    assert modules.file_of("https://example.com/x.js") is None


def test_code_may_be_shared_and_data_may_not(folder: Path, modules: Modules, tmp_path: Path) -> None:
    shared, secret = _write(tmp_path / "shared.ts"), _write(tmp_path / "secret.json", "{}")
    referrer = modules.url_of(folder / "worker.ts")
    assert modules.resolve("../shared", referrer, "import") == shared
    assert modules.resolve("../secret.json", referrer, "import") is None
    assert modules.resolve(modules.url_of(secret), referrer, "import") is None


@pytest.mark.parametrize("name", [".dev.vars", "hybrid.toml", "key.pem"])
def test_what_is_no_module_is_not_read(folder: Path, modules: Modules, name: str) -> None:
    _write(folder / name)
    assert modules.resolve(f"./{name}", modules.url_of(folder / "worker.ts"), "import") is None


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.ts", "export {}", "esModule"),
        ("a.mjs", "1", "esModule"),
        ("a.js", "export const a = 1", "esModule"),
        ("a.js", "exports.a = 1", "commonJsModule"),
        ("a.cjs", "export", "commonJsModule"),
        ("a.json", "{}", "json"),
        ("a.sql", "select 1", "text"),
    ],
)
def test_the_kind_follows_name_and_text(
    folder: Path, modules: Modules, name: str, text: str, kind: str
) -> None:
    module = modules.load(_write(folder / name, text))
    assert (module.kind, module.content) == (kind, text)


def test_bytes_stay_bytes(folder: Path, modules: Modules) -> None:
    folder.mkdir()
    (folder / "a.wasm").write_bytes(b"\0asm")
    assert modules.load(folder / "a.wasm").content == b"\0asm"


def test_a_package_that_says_module_has_no_commonjs(folder: Path, modules: Modules) -> None:
    _write(folder / "package.json", '{"type": "module"}')
    assert modules.load(_write(folder / "a.js", "1")).kind == "esModule"


def test_the_names_of_commonjs_are_told(folder: Path, modules: Modules) -> None:
    _write(folder / "b.js", "exports.inner = 1;")
    module = modules.load(_write(folder / "a.js", 'module.exports = require("./b");'))
    assert module.named_exports == ("inner",)


def test_another_name_hands_on_what_the_module_exports() -> None:
    plain, default = Module("u:a", "esModule", "export const a = 1;"), Module("u:b", "json", "{}")
    assert alias_of(plain, "u:c", "import").content == 'export * from "u:a";'
    assert alias_of(default, "u:c", "import").content == 'export * from "u:b"; export { default } from "u:b";'
    assert alias_of(default, "u:c", "require").content == 'module.exports = require("u:b");'
