"""The description of the API: made from the handlers, valid, complete, and true."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator

from outreach.http.caller import SCOPES
from scripts import make_openapi
from tests.support.stack import events

DESCRIPTION: dict[str, Any] = json.loads(make_openapi.TARGET.read_text())
SCHEMAS: dict[str, Any] = DESCRIPTION["components"]["schemas"]
OPERATIONS = {
    operation["operationId"]: (method, path, operation)
    for path, item in DESCRIPTION["paths"].items()
    for method, operation in item.items()
}


def test_it_is_what_the_handlers_say() -> None:
    assert make_openapi.TARGET.read_text() == make_openapi.text(), "run: make generated"


def test_it_is_valid() -> None:
    OpenAPIV31SpecValidator(DESCRIPTION).validate()


def test_it_has_every_route_that_takes_a_key_and_no_other() -> None:
    def canonical(path: str) -> str:
        return re.sub(r"}:\w+$", "}", path).lower()

    routes = {(event["Method"], event["Path"].lower()) for _, event in events("Api") if "Auth" not in event}
    assert {(method, canonical(path)) for method, path, _ in OPERATIONS.values()} == routes


@pytest.mark.parametrize("name", [name for name, schema in SCHEMAS.items() if "examples" in schema])
def test_examples_are_of_their_schema(name: str) -> None:
    whole = {"$ref": f"#/components/schemas/{name}", "components": DESCRIPTION["components"]}
    for example in SCHEMAS[name]["examples"]:
        Draft202012Validator(whole, format_checker=FormatChecker()).validate(example)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_says_what_it_is_for_and_what_it_takes(name: str) -> None:
    _, _, operation = OPERATIONS[name]
    assert operation["summary"]
    assert set(operation["security"][0]["bearer"]) <= set(SCOPES)
    assert operation["tags"][0] in [tag["name"] for tag in DESCRIPTION["tags"]]
    assert {"400", "401", "403", "429", "5XX"} < set(operation["responses"])


@pytest.mark.parametrize("name", [name for name in SCHEMAS if name.endswith("Body")])
def test_what_clients_send_has_an_example(name: str) -> None:
    part_of_another = json.dumps(SCHEMAS).count(f'"#/components/schemas/{name}"')
    assert "examples" in SCHEMAS[name] or part_of_another
