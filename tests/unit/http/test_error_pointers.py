"""Errors point into the caller's own document (docs/api.md, "JSON and HTTP")."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pytest
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import AliasChoices, BeforeValidator, Field

from outreach import wire
from outreach.contacts.schemas import ContactBody, Ids, IdsBody
from outreach.errors import ValidationFailed
from outreach.http import api, error_pointers
from outreach.http.json_pointers import to_pointer, to_steps
from tests.unit.http.gateway_requests import ask, event

GUID = "f8383a83-48e9-4d0d-a3bd-fb19ce5c12db"


@pytest.mark.parametrize(
    ("place", "document", "pointer"),
    [
        ("/contactIdentities/0/value", {"contactIdentity": [{"Value": 1}]}, "/contactIdentity/0/Value"),
        ("/contactIdentities/0/contactIdentityType", {"ContactIdentities": [{"TYPE": 1}]}, "/ContactIdentities/0/TYPE"),
        ("/contactIdentities/0/value", {"contactIdentities": [{}]}, "/contactIdentities/0/value"),
        ("/contactIdentities", {}, "/contactIdentities"),
        ("/name", {"name": "a", "NAME": ""}, "/NAME"),
        ("/customFields/city", {"customField": {"City": 1}}, "/customField/City"),
        ("/customFields/city", {"customFields": {"City": 1, "city": 2}}, "/customFields/city"),
        ("/customFields/city", {"customFields": {}}, "/customFields/city"),
        ("/customFields/city", {}, "/customFields/city"),
        (
            "/customFields/city",
            {"customFields": [{"name": "x", "value": 1}, {"Name": "City", "Value": 2}]},
            "/customFields/1/Value",
        ),
        ("/customFields/city", {"customFields": [{"name": "City"}]}, "/customFields/0"),
        ("/customFields/city/name", {"customFields": [{"Name": "City", "value": 1}]}, "/customFields/0/Name"),
        ("/customFields/city/name", {"customFields": {"City": 1}}, "/customFields/City"),
        (
            "/customFields/city",
            {"customFields": [{"name": n, "value": 1} for n in ("city", "CITY")]},
            "/customFields/1/value",
        ),
        ("/customFields/city", {"customFields": [{"name": "x"}, 7]}, "/customFields"),
        ("/customFields/a~1b~0", {"customFields": {"a/b~": 1}}, "/customFields/a~1b~0"),
        ("/customFields/é", {"customFields": {"e\u0301": 1}}, "/customFields/e\u0301"),
        ("/unknown", {"name": 1}, ""),
        ("", {}, ""),
        ("", [], ""),
        ("/0/1", [["a"]], "/0"),
    ],
)
def test_a_documented_name_becomes_the_callers_spelling(place: str, document: Any, pointer: str) -> None:
    assert error_pointers.in_document(to_steps(place), document, ContactBody | None) == pointer


@pytest.mark.parametrize("steps", [[], ["a", 0, "b"], ["a/b", "~", "~1", ""]])
def test_a_pointer_can_be_read_back(steps: list[str | int]) -> None:
    assert to_steps(to_pointer(steps)) == [str(step) for step in steps]


class Part(wire.Request):
    part_id: wire.Guid = Field(validation_alias=AliasChoices("partId", "piece"))


def _not_odd(value: Any) -> Any:
    if value == "odd":
        raise ValidationFailed.at("/parts/0/partId", "is odd")
    return value


class ThingBody(wire.Request):
    name: Annotated[str, BeforeValidator(_not_odd)] = ""
    parts: tuple[Part, ...] | Part | None = None
    data: dict[str, Annotated[Any, wire.limited_strings(3)]] = Field(default_factory=dict)
    either: list[int] | dict[str, int] | None = None


app = APIGatewayRestResolver(**api.OPTIONS)


@app.post("/things")
def create_thing(body: ThingBody) -> None:
    """Accept everything that fits."""


@app.delete("/things")
def delete_things(body: IdsBody | list[wire.Guid] | None = None) -> None:
    """Accept everything that fits."""


@app.get("/things/<id>")
def get_things(id: wire.Guid, ids: Annotated[Ids | None, Query()] = None, limit: wire.Integer = 1) -> None:
    """Accept everything that fits."""


handler = api.entry_point(app, scope=None)


def pointers_of(method: str, body: Any, query: dict[str, list[str]] | None = None, resource: str = "/things") -> list[str]:
    parameters = {"id": GUID} if "{id}" in resource else None
    answer = ask(handler, event(method, resource, body=json.dumps(body), query=query, parameters=parameters))
    assert answer.status == 400, answer.body
    return [error["pointer"] for error in answer.body["errors"]]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"Parts": [{"PIECE": 1}]}, ["/Parts/0/PIECE"]),
        ({"parts": [{"PartID": GUID}, {}]}, ["/parts/1/partId"]),
        ({"PARTS": {"piece": "x"}}, ["/PARTS/piece"]),
        ({"data": {"A": {"b": ["long", "x"]}}}, ["/data/A/b/0"]),
        ({"data": {"A": {"long": "x"}}}, ["/data/A"]),
        ({"Either": ["x", 1]}, ["/Either/0"]),
        ({"Either": {"x": "x"}}, ["/Either/x"]),
        ({"name": "odd", "Parts": [{"Piece": GUID}]}, ["/Parts/0/Piece"]),
        ({"name": 5, "NAME": "x" * 257}, ["/NAME"]),
    ],
)
def test_an_error_in_a_body_points_at_what_the_caller_sent(body: Any, expected: list[str]) -> None:
    assert pointers_of("POST", body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"IDS": ["x", GUID]}, ["/IDS/0"]),
        ({"ids": f"{GUID},x"}, ["/ids"]),
        ([GUID, "x"], ["/1"]),
        ({}, ["/ids"]),
    ],
)
def test_a_union_shows_the_errors_of_the_form_that_the_caller_chose(body: Any, expected: list[str]) -> None:
    assert pointers_of("DELETE", body) == expected


@pytest.mark.parametrize(("query", "expected"), [({"LIMIT": ["x"]}, ["/limit"]), ({"ids": ["x", GUID, "y"]}, ["/ids"])])
def test_a_parameter_is_named_like_a_property(query: dict[str, list[str]], expected: list[str]) -> None:
    assert pointers_of("GET", {"limit": "x"}, query, "/things/{id}") == expected
