"""The JSON Schema of hybrid.toml, for editors and for programs that write it."""

from typing import Any

from core.model.deployment import Deployment


def deployment_schema() -> dict[str, Any]:
    """Return the JSON Schema of hybrid.toml, each field with its description."""
    described = Deployment.model_json_schema()
    worker = described["properties"]["worker"]
    described["properties"]["worker"] = {
        "anyOf": [{"$ref": worker.pop("$ref")}, {"type": "string"}],
        **worker,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **described,
        "title": "hybrid.toml",
    }
