"""The committed OpenAPI description, and validation against its schemas."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from scripts import make_openapi

DESCRIPTION: dict[str, Any] = json.loads(make_openapi.TARGET.read_text())


def validate(value: Any, schema: str | dict[str, Any]) -> None:
    """Raise ValidationError if a value does not match a schema of the description.

    Args:
        schema: the schema, or its name.
    """
    root = {"$ref": f"#/components/schemas/{schema}"} if isinstance(schema, str) else schema
    Draft202012Validator({**root, "components": DESCRIPTION["components"]}, format_checker=FormatChecker()).validate(value)
