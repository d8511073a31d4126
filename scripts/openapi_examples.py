"""Examples of the OpenAPI description: put together from those of the schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scripts.openapi_schemas import Json, first, resolve


def add_examples(document: Json, parameters: Mapping[str, Any]) -> None:
    """Add an example to every parameter that is required, and to every body of requests, answers, callbacks and events."""
    for operation in (operation for item in document["paths"].values() for operation in item.values()):
        for parameter in (parameter for parameter in operation["parameters"] if parameter.get("required")):
            names = [f"{operation['operationId']}.{parameter['name']}", parameter["name"]]
            parameter["example"] = first(
                (parameters[name] for name in names if name in parameters),
                f"add an example of {names[0]} to x-parameters in scripts/openapi.yaml",
            )
    items = [*document["paths"].values(), *document["webhooks"].values()]
    for operation in (operation for item in items for operation in item.values()):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for kind, media in ((kind, media) for body in bodies for kind, media in body.get("content", {}).items()):
            if "json" in kind and "example" not in media:
                media["example"] = _example(document, media["schema"], operation["operationId"])


def _example(document: Json, schema: Json, place: str) -> Any:
    """Return the example of a schema, or put it together from those of its parts."""
    if "examples" in schema:
        return schema["examples"][0]
    if "$ref" in schema:
        return _example(document, resolve(document, schema), schema["$ref"])
    if "const" in schema:
        return schema["const"]
    if "allOf" in schema:
        parts = [_example(document, part, place) for part in schema["allOf"] if part.keys() & {"$ref", "properties"}]
        return {name: value for part in parts for name, value in part.items()}
    if "anyOf" in schema:
        return _example(document, schema["anyOf"][0], place)
    if "null" in schema.get("type", ""):
        return None
    if schema.get("type") == "array":
        return [_example(document, schema["items"], place)]
    if "properties" in schema:
        required = schema.get("required", [])
        return {name: _example(document, schema["properties"][name], f"{place}.{name}") for name in required}
    if schema.get("type") == "object":
        return {}
    raise ValueError(
        f"scripts/openapi.yaml has no example of {place}: under components.schemas, add a line `<Model>: {{examples: [{{…}}]}}`"
    )
