"""The OpenAPI description is generated from the handlers, valid and complete."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic.alias_generators import to_camel

from outreach.callbacks import signature
from outreach.events.models import EventType
from outreach.http import list_results
from outreach.http.caller import SCOPES
from scripts import make_openapi, openapi_schemas
from tests.support.api_description import DESCRIPTION, validate
from tests.support.stack import events

SCHEMAS: dict[str, Any] = DESCRIPTION["components"]["schemas"]
OPERATIONS = {
    operation["operationId"]: (method, path, operation)
    for path, item in DESCRIPTION["paths"].items()
    for method, operation in item.items()
}


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """What a reference names, or the node itself if it is none. Raises KeyError if nothing has that name."""
    found = DESCRIPTION if "$ref" in node else node
    for step in node.get("$ref", "#").split("/")[1:]:
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return found


def schemas_below(node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The named schemas that a part of the description refers to, directly or not, with their names."""
    if isinstance(node, dict):
        reference = str(node.get("$ref", ""))
        if reference.startswith("#/components/schemas/"):
            yield reference.rpartition("/")[2], resolved(node)
        if reference:
            yield from schemas_below(resolved(node))
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else []:
        yield from schemas_below(part)


def responses() -> Iterator[tuple[str, dict[str, Any]]]:
    """The named schemas of all responses."""
    for _, _, operation in OPERATIONS.values():
        yield from schemas_below(operation["responses"])


def has_defaults(schema: dict[str, Any]) -> bool:
    return any("default" in entry for entry in schema.get("properties", {}).values())


CALLBACKS = {name: item["post"] for name, item in DESCRIPTION["webhooks"].items()}
BODIES = [
    (f"{name} {place}", kind, media)
    for name, operation in [*((name, operation) for name, (_, _, operation) in OPERATIONS.items()), *CALLBACKS.items()]
    for place, body in [("request", operation.get("requestBody", {})), *operation["responses"].items()]
    for kind, media in (resolved(body).get("content") or {}).items()
]


def test_the_committed_description_matches_the_handlers() -> None:
    assert make_openapi.TARGET.read_text() == make_openapi.text(), "run: make generate"


def test_the_description_is_valid_openapi() -> None:
    OpenAPIV31SpecValidator(DESCRIPTION).validate()


def test_the_description_has_exactly_the_routes_that_need_an_api_key() -> None:
    def canonical(path: str) -> str:
        return re.sub(r"}:\w+$", "}", path).lower()

    routes = {(event["Method"], event["Path"].lower()) for _, event in events("Api") if "Auth" not in event}
    assert {(method, canonical(path)) for method, path, _ in OPERATIONS.values()} == routes


@pytest.mark.parametrize("name", [name for name, schema in SCHEMAS.items() if "examples" in schema])
def test_an_example_matches_its_schema(name: str) -> None:
    for example in SCHEMAS[name]["examples"]:
        validate(example, name)


@pytest.mark.parametrize(("kind", "media"), [pytest.param(kind, media, id=f"{name} {kind}") for name, kind, media in BODIES])
def test_a_body_has_an_example_that_is_valid_or_is_a_file(kind: str, media: dict[str, Any]) -> None:
    if "json" in kind:
        validate(media["example"], media["schema"])
    else:
        files = [schema for schema in [media["schema"], *media["schema"].get("properties", {}).values()] if "format" in schema]
        assert [(file["type"], file["format"]) for file in files] == [("string", "binary")]
        assert all("/" in file["contentMediaType"] for file in files)


@pytest.mark.parametrize(
    "parameter",
    [
        pytest.param(parameter, id=f"{name} {parameter['name']}")
        for name, (_, _, operation) in OPERATIONS.items()
        for parameter in operation["parameters"]
        if parameter.get("required")
    ],
)
def test_a_required_parameter_has_an_example_that_is_valid(parameter: dict[str, Any]) -> None:
    validate(parameter["example"], parameter["schema"])


def test_every_type_of_event_has_a_webhook_and_is_one_of_the_events() -> None:
    names = {
        resolved(operation["requestBody"]["content"]["application/json"]["schema"])["properties"]["type"]["const"]: name
        for name, operation in CALLBACKS.items()
        if name not in ("outreachMessage", "outboundMessage")
    }
    assert names == {str(kind): str(kind) for kind in EventType}
    assert set(SCHEMAS["Event"]["discriminator"]["mapping"]) == set(names)
    for example in (operation["requestBody"]["content"]["application/json"]["example"] for operation in CALLBACKS.values()):
        if "type" in example:
            validate(example, "Event")


@pytest.mark.parametrize("function", [name for name in list_results.FUNCTIONS if not name.startswith("act_on_")])
def test_a_list_that_comes_later_is_answered_by_its_status(function: str) -> None:
    _, _, operation = OPERATIONS[to_camel(function)]
    (media,) = operation["responses"]["202"]["content"].values()
    assert media["schema"] == {"$ref": "#/components/schemas/ListResult"}


def test_a_callback_shares_no_tag_with_the_paths_because_generated_classes_would_replace_each_other() -> None:
    of_paths = {tag for _, _, operation in OPERATIONS.values() for tag in operation["tags"]}
    of_callbacks = {tag for operation in CALLBACKS.values() for tag in operation["tags"]}
    assert of_paths.isdisjoint(of_callbacks)
    assert of_paths | of_callbacks == {tag["name"] for tag in DESCRIPTION["tags"]}


@pytest.mark.parametrize("name", CALLBACKS)
def test_a_callback_names_the_headers_of_its_signature(name: str) -> None:
    secret = "whsec_" + base64.b64encode(b"0" * 24).decode()
    sent = signature.headers("id", b"{}", datetime.now(UTC), [secret])
    assert {resolved(parameter)["name"] for parameter in CALLBACKS[name]["parameters"]} == set(sent)


def test_every_reference_names_something() -> None:
    for reference in re.findall(r'"(#/[^"]+)"', json.dumps(DESCRIPTION)):
        resolved({"$ref": reference})


def test_every_property_of_a_response_is_always_there_with_few_exceptions() -> None:
    partial = {
        name
        for name, schema in responses()
        if schema.get("properties", {}).keys() != set(schema.get("required", [])) or has_defaults(schema)
    }
    assert partial == {"Message", "Problem", "ReplyAttachment"}  # isTest, errors, what a carrier leaves out


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_not_called_like_the_objects_in_it(name: str) -> None:
    """Generated Python has variables of both names, which must not be the same."""
    properties = SCHEMAS[name].get("properties", {})
    assert name.lower() not in {key.lower() for key, schema in properties.items() if schema.keys() & {"items", "$ref"}}


def test_every_list_says_what_it_can_be_sorted_by() -> None:
    parameters = [parameter for _, _, operation in OPERATIONS.values() for parameter in operation["parameters"]]
    properties = [schema["properties"].get("sortBy") for schema in SCHEMAS.values() if "properties" in schema]
    sorts = [parameter["schema"] for parameter in parameters if parameter.get("name") == "sortBy"] + [*filter(None, properties)]
    assert len(sorts) > 10
    assert all(sort["enum"] for sort in sorts)


def test_no_parameter_is_null() -> None:
    for _, _, operation in OPERATIONS.values():
        for schema in (parameter["schema"] for parameter in operation["parameters"] if "schema" in parameter):
            assert schema.get("type") != "null"
            assert None not in schema.get("enum", [])
            assert not isinstance(schema.get("type"), list)


def test_the_base_url_is_absolute_and_the_optional_site_is_empty() -> None:
    """What Postman imports is sent as it is."""
    assert re.fullmatch(r"https://\{host\}/v1", DESCRIPTION["servers"][0]["url"])
    parameters = DESCRIPTION["components"]["parameters"]
    assert parameters["siteId"]["schema"]["default"] == ""
    assert parameters["idempotencyKey"]["example"] == "{{$guid}}"


def test_every_property_and_parameter_without_a_description_is_named_at_once() -> None:
    parameter = {"in": "path", "name": "other", "schema": {}}
    document = {
        "components": {"schemas": {"Thing": {"properties": {"one": {}, "two": {}}}}},
        "paths": {"/": {"get": {"operationId": "getThing", "parameters": [parameter]}}},
    }
    with pytest.raises(ValueError, match=r"scripts/openapi.yaml does not describe Thing.one, Thing.two, getThing.other: add"):
        openapi_schemas.add_property_texts(document, {})


def test_a_key_that_occurs_twice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    additions = tmp_path / "openapi.yaml"
    additions.write_text("a: {b: 1, c: 2, b: 3}\n")
    monkeypatch.setattr(make_openapi, "ADDITIONS", additions)
    with pytest.raises(ValueError, match="twice in one mapping: b"):
        make_openapi.document()


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_has_a_summary_a_tag_scopes_and_error_responses(name: str) -> None:
    _, _, operation = OPERATIONS[name]
    assert operation["summary"]
    assert set(operation["security"][0]["bearer"]) <= set(SCOPES)
    assert operation["tags"][0] in [tag["name"] for tag in DESCRIPTION["tags"]]
    assert {"400", "401", "403", "429", "5XX"} < set(operation["responses"])


@pytest.mark.parametrize("name", [name for name in SCHEMAS if name.endswith("Body")])
def test_a_request_schema_has_an_example_or_belongs_to_another(name: str) -> None:
    is_part_of_another = json.dumps(SCHEMAS).count(f'"#/components/schemas/{name}"')
    assert "examples" in SCHEMAS[name] or is_part_of_another


BODY_PROPERTIES = [
    pytest.param(schema, prop, id=f"{name}.{prop}")
    for name, schema in SCHEMAS.items()
    if name.endswith("Body")
    for prop in schema["properties"]
]


def max_length(schema: dict[str, Any]) -> int | None:
    """The limit of a string, which may be one of several choices."""
    return next((choice["maxLength"] for choice in [schema, *schema.get("anyOf", [])] if "maxLength" in choice), None)


@pytest.mark.parametrize(("schema", "name"), BODY_PROPERTIES)
def test_a_text_about_a_property_agrees_with_its_schema(schema: dict[str, Any], name: str) -> None:
    text, entry = schema["properties"][name]["description"], schema["properties"][name]
    if limit := re.search(r"(?:\bto|at most) ([\d,]+) characters", text):
        assert max_length(entry) == int(limit[1].replace(",", ""))
    assert not (name in schema.get("required", []) and text.startswith("Optional"))


@pytest.mark.parametrize("name", [name for name, (_, _, operation) in OPERATIONS.items() if "requestBody" in operation])
def test_no_body_has_defaults_because_generated_clients_would_demand_or_send_them(name: str) -> None:
    for media in OPERATIONS[name][2]["requestBody"]["content"].values():
        assert not any(map(has_defaults, [media["schema"], *(schema for _, schema in schemas_below(media))]))
