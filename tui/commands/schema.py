"""``schema``: the JSON Schema of an event's line, or of hybrid.toml."""

import argparse
import json
from typing import Any


def run(arguments: argparse.Namespace) -> int:
    """Print the schema."""
    found = event_schema() if arguments.what == "events" else config_schema()
    print(json.dumps(found, indent=2, ensure_ascii=False))
    return 0


def event_schema() -> dict[str, Any]:
    """Return the JSON Schema of one line of ``--json``."""
    from core.events.codec import schema

    return schema()


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema of hybrid.toml."""
    from core.model.schema import deployment_schema

    return deployment_schema()
