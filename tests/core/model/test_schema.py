import tomllib

from core.model.schema import deployment_schema
from core.templates import TEMPLATES, template_folder


def test_the_worker_may_be_a_table_or_a_file_name() -> None:
    worker = deployment_schema()["properties"]["worker"]
    assert worker["anyOf"] == [{"$ref": "#/$defs/Worker"}, {"type": "string"}]
    assert worker["description"]


def test_the_schema_knows_every_key_of_the_templates() -> None:
    known = deployment_schema()["properties"]
    for template in TEMPLATES:
        declared = tomllib.loads((template_folder(template) / "hybrid.toml").read_text())
        assert declared.keys() <= known.keys()
