"""What all tables of hybrid.toml share."""

from pydantic import BaseModel, ConfigDict


class Declared(BaseModel):
    """A table: no unknown keys, no change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
