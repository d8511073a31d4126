"""The schemas of the OpenAPI description: those of the resolver's models in a simpler form, with a text for each property."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from outreach.http.request import MAX_PARAMETER

Json = dict[str, Any]


def simplify(openapi: Json) -> Json:
    """Inline enumerations (several are called ``Status``), shorten names, and drop the resolver's own errors."""
    schemas: Json = openapi["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        del schemas[name]
    enumerations = {name: schema["enum"] for name, schema in schemas.items() if "enum" in schema}
    names = {name: _schema_name(name, schema) for name, schema in schemas.items() if name not in enumerations}

    def reduced(node: Any, *, keys_are_names: bool = False) -> Any:
        if isinstance(node, list):
            return [reduced(entry) for entry in node]
        if not isinstance(node, dict):
            return node
        # Below ``properties`` a key is the name of a property, not a keyword.
        node = {
            key: reduced(value, keys_are_names=key == "properties")
            for key, value in node.items()
            if keys_are_names or key != "title"
        }
        return node if keys_are_names else _simplify_schema(node, enumerations, names)

    return {
        "paths": reduced(openapi["paths"]),
        "components": {"schemas": {names[name]: reduced(schemas[name]) for name in names}},
    }


def _schema_name(name: str, schema: Json) -> str:
    """``RecordResponse`` → ``Record``; the list ``RecordsResponse``, whose entries are called ``records``, → ``RecordList``.

    Generators of clients call variables like the class and like its properties, so the two must differ.
    """
    name = name.removesuffix("Response")
    entries = schema.get("properties", {}).get(name[0].lower() + name[1:], {}).get("items", {}).get("$ref", "")
    return f"{entries.rpartition('/')[2].removesuffix('Response')}List" if entries else name


def _simplify_schema(node: Json, enumerations: Mapping[str, list[str]], names: Mapping[str, str]) -> Json:
    """Use the keywords of JSON Schema 2020-12, and no ``anyOf`` for a nullable type where possible."""
    for keyword, standard_keyword in (("ge", "minimum"), ("le", "maximum")):
        if keyword in node:
            node[standard_keyword] = node.pop(keyword)
    name = str(node.get("$ref", "")).rpartition("/")[2]
    if name in enumerations:
        node = {"type": "string", "enum": enumerations[name], **{key: value for key, value in node.items() if key != "$ref"}}
    elif name:
        node["$ref"] = f"#/components/schemas/{names.get(name, name)}"
    others = [entry for entry in node.get("anyOf", []) if entry != {"type": "null"}]
    if len(others) == 1 and len(node["anyOf"]) > 1 and isinstance(others[0].get("type"), str):
        rest = {key: value for key, value in node.items() if key != "anyOf"}
        node = {**others[0], "type": [others[0]["type"], "null"], **rest}
        if "enum" in node:
            node["enum"] = [*node["enum"], None]
    return node


def add_schemas(schemas: Json, new_schemas: Json) -> None:
    for name, schema in new_schemas.items():
        if schemas.setdefault(name, schema) != schema:
            raise ValueError(f"two different models are called {name}: rename one")


def add_property_texts(document: Json, texts: Mapping[str, Json]) -> None:
    """Add its description and format to every property and parameter that has none yet.

    Raises:
        ValueError: some have no description; all of them are named, so that one run of the script is enough.
    """
    undescribed: dict[str, str] = {}

    def with_text(owner: str, name: str, schema: Json) -> Json:
        if "description" in schema:
            return schema
        text = texts.get(f"{owner}.{name}") or texts.get(name)
        if text is None:
            undescribed.setdefault(name, f"{owner}.{name}")
            return {**schema, "description": ""}
        described: Json = deep_merge(schema, text)
        if "string" not in described.get("type", ""):
            described.pop("format", None)
        return described

    for owner, schema in document["components"]["schemas"].items():
        if "properties" in schema:
            schema["properties"] = {name: with_text(owner, name, entry) for name, entry in schema["properties"].items()}
    for operation in (operation for item in document["paths"].values() for operation in item.values()):
        for parameter in (parameter for parameter in operation["parameters"] if "name" in parameter):
            parameter["schema"] = with_text(operation["operationId"], parameter["name"], parameter["schema"])
            parameter["description"] = parameter["schema"].pop("description")
            if parameter["in"] == "query":
                parameter["schema"] = without_null(parameter["schema"])
                _limit_length(parameter["schema"])
    _require_none(undescribed)


def _require_none(undescribed: Mapping[str, str]) -> None:
    """Raise ValueError with all places that have no description, by property."""
    if undescribed:
        lines = ", ".join(f"`{name}: {{description: …}}`" for name in undescribed)
        raise ValueError(
            f"scripts/openapi.yaml does not describe {', '.join(undescribed.values())}: add to x-properties a line each, {lines}"
        )


def without_null(schema: Json) -> Json:
    """Return the schema of a place that cannot hold ``null``, because it is a parameter or may be absent instead."""
    kinds = schema.get("type")
    if isinstance(kinds, list):
        schema = {**schema, "type": next(kind for kind in kinds if kind != "null")}
    if "enum" in schema:
        schema = {**schema, "enum": [entry for entry in schema["enum"] if entry is not None]}
    choices = [choice for choice in schema.get("anyOf", []) if choice != {"type": "null"}]
    if not choices:
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**rest, **(choices[0] if len(choices) == 1 else {"anyOf": choices})}


def remove_defaults(document: Json) -> None:
    """Remove the defaults of the properties of bodies; the text of a property says what its absence means.

    A response always has the property. In a request, generators of clients take a default for a reason to demand the property
    (openapi-typescript) or to send it: a change would then reset what it does not name, and a body would win over a parameter.
    """
    operations = [(method, operation) for item in document["paths"].values() for method, operation in item.items()]
    # Changes come first, so that no text of a property that they share with a request to create names a default.
    for method, operation in sorted(operations, key=lambda entry: entry[0] != "put"):
        names = {parameter.get("name") for parameter in operation["parameters"] if parameter.get("in") == "query"}
        for media in operation.get("requestBody", {}).get("content", {}).values():
            for schema in [media["schema"], *_schemas_of(document, media)]:
                for name, entry in schema.get("properties", {}).items():
                    default = entry.pop("default", None)
                    if default not in (None, "", []) and method != "put" and name not in names:
                        _describe_default(entry, default)
        for schema in _schemas_of(document, operation["responses"]):
            for entry in schema.get("properties", {}).values():
                entry.pop("default", None)


def _describe_default(schema: Json, default: Any) -> None:
    if "default" not in schema["description"]:
        value = default if isinstance(default, str) else json.dumps(default)
        schema["description"] += f" The default is `{value}`."


def _schemas_of(document: Json, node: Any) -> Iterator[Json]:
    """Yield the named schemas that a part of the document refers to, and those that they refer to."""
    if isinstance(node, list):
        for entry in node:
            yield from _schemas_of(document, entry)
    elif isinstance(node, dict):
        if "$ref" in node:
            schema = resolve(document, node)
            yield schema
            yield from _schemas_of(document, schema)
        for entry in node.values():
            yield from _schemas_of(document, entry)


def resolve(document: Json, node: Json) -> Json:
    """Follow a reference; anything else is returned as it is."""
    for step in node.get("$ref", "#").split("/")[1:]:
        node = document = document[step]
    return node


def _limit_length(schema: Json) -> None:
    """Add the limit that every text parameter has; an enumeration or another limit is stricter."""
    if "string" in schema.get("type", "") and not schema.keys() & {"enum", "format", "maxLength"}:
        schema["maxLength"] = MAX_PARAMETER


def deep_merge(first: Any, second: Any) -> Any:
    """Merge ``second`` over ``first``, mappings entry by entry. A value of ``None`` removes the entry."""
    if not (isinstance(first, dict) and isinstance(second, dict)):
        return second
    merged = {**first, **{key: deep_merge(first.get(key), value) for key, value in second.items()}}
    return {key: value for key, value in merged.items() if value is not None or key not in second}


def first(entries: Iterable[str], error: str) -> str:
    """Return the first entry.

    Raises:
        ValueError: there is none; with the text ``error``.
    """
    for entry in entries:
        return entry
    raise ValueError(error)
