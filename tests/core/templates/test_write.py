from pathlib import Path

import pytest

from core.model.load import load_deployment
from core.templates import TEMPLATES, TemplateError, template_folder
from core.templates.write import named, write_project


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_project_is_the_template_under_a_name_of_its_own(template: str, tmp_path: Path) -> None:
    written = write_project(template, tmp_path / "my-shop")
    assert load_deployment(tmp_path / "my-shop").name == "my-shop"
    for relative in written:
        if relative.name != "hybrid.toml":
            source = (template_folder(template) / relative).read_text()
            assert (tmp_path / "my-shop" / relative).read_text() == source


def test_an_empty_folder_may_be_there(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    assert Path("hybrid.toml") in write_project("static", tmp_path / "shop")


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "mine").touch()
    with pytest.raises(TemplateError, match="is not empty"):
        write_project("static", tmp_path / "shop")
    assert [one.name for one in (tmp_path / "shop").iterdir()] == ["mine"]


def test_an_unknown_template_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"did you mean flask\?"):
        write_project("flaks", tmp_path / "shop")


@pytest.mark.parametrize(("name", "advice"), [("My Shop", "such as my-shop"), ("日本", "such as shop")])
def test_a_name_that_cannot_be_a_deployments_is_refused(name: str, advice: str, tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=advice):
        write_project("static", tmp_path / name)
    assert not (tmp_path / name).exists()


def test_what_the_system_refuses_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TemplateError, match="Not a directory"):
        write_project("static", tmp_path / "file" / "shop")


def test_comments_stay() -> None:
    assert named('# hello\nname = "a" # b\n[x]\ny = 1\n', "z") == '# hello\nname = "z" # b\n[x]\ny = 1\n'
