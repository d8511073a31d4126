"""The behaviour that all endpoints share, on a sample endpoint."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from outreach import wire
from outreach.errors import Conflict, NotFound, OutreachError, TooManyRequests, ValidationFailed
from outreach.http import api
from tests.support.functions import Context
from tests.unit.http.gateway_requests import REQUEST_ID, THING, Answer, ask, event

JSON_BODY = {"Content-Type": "application/json"}


class Part(wire.Request):
    part_id: wire.Guid


class ThingBody(wire.Request):
    name: str
    order: wire.Integer = 0
    parts: tuple[Part, ...] = ()


class ThingResponse(wire.Response):
    site_id: str
    full_name: str
    id: str = "1"


app = APIGatewayRestResolver(**api.OPTIONS)
FAILURES: dict[str, Exception] = {
    "missing": NotFound("There is no such thing."),
    "taken": Conflict("Taken.", code="duplicate_thing"),
    "busy": TooManyRequests("Slow down.", retry_after=7),
    "bug": RuntimeError("password=secret"),
    "unusual": OutreachError("Unusual."),
}


@app.post("/things")
def create_thing(body: ThingBody) -> Response[ThingResponse]:
    return api.created(app, ThingResponse(site_id=api.caller(app).site_id, full_name=body.name))


@app.get("/things/<id>")
def get_thing(id: wire.Guid) -> ThingResponse:
    return ThingResponse(site_id=api.caller(app).site_id, full_name=id)


@app.delete("/things/<id>")
def delete_thing(id: str) -> Response[None]:
    if id in FAILURES:
        raise FAILURES[id]
    return api.no_content()


@app.get("/broken")
def get_broken() -> ThingResponse:
    return {"fullName": 1}  # type: ignore[return-value]


@app.post("/things/<segment>")
def act_on_thing(segment: str) -> ThingResponse:
    thing, verb = api.verb(segment, {"send": "sent", "stop": "stopped"})
    return ThingResponse(site_id=verb, full_name=thing)


handler = api.entry_point(app, scope="contact:write")


def post(body: Any, content_type: str = "application/json") -> Answer:
    text = body if isinstance(body, str) else json.dumps(body)
    return ask(handler, event("POST", body=text, headers={"Content-Type": content_type}))


def on_thing(method: str, segment: str, **details: Any) -> Answer:
    return ask(handler, event(method, "/things/{id}", parameters={"id": segment}, **details))


def test_a_response_is_json_with_camel_case_names() -> None:
    answer = post({"NAME": "Tom", "unknown": 1})
    assert (answer.status, answer.body) == (201, {"siteId": "10000", "fullName": "Tom", "id": "1"})
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


def test_a_new_resource_is_at_its_location() -> None:
    assert post({"name": "Tom"}).headers["Location"].endswith("/things/1")


def test_every_line_names_the_request_the_site_and_the_id_of_the_key(log: io.StringIO) -> None:
    on_thing("DELETE", "bug")
    line = json.loads(log.getvalue())
    assert (line["correlation_id"], line["site_id"], line["key_id"]) == (REQUEST_ID, "10000", "3f2a9c81d0b4")


@pytest.mark.parametrize(
    "answer",
    [
        lambda: post({"name": "Tom"}),
        lambda: post("{"),
        lambda: on_thing("GET", THING),
        lambda: on_thing("DELETE", THING),
        lambda: on_thing("DELETE", "bug"),
        lambda: ask(handler, event(query={"siteId": ["20000"]})),
    ],
)
def test_every_response_has_its_request_id(answer: Any) -> None:
    assert answer().headers["X-Request-Id"] == REQUEST_ID


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/name"]),
        ({"name": None}, ["/name"]),
        ({"name": "Tom", "order": "x"}, ["/order"]),
        ({"name": "Tom", "ORDER": "x", "Parts": [{"partid": THING}, {"partID": "7"}]}, ["/ORDER", "/Parts/1/partID"]),
        ([], [""]),
        ("", [""]),
    ],
)
def test_an_invalid_body_is_400_with_a_pointer_to_each_error(body: Any, pointers: list[str]) -> None:
    answer = post(body)
    assert (answer.status, answer.body["code"]) == (400, "validation_failed")
    assert [error["pointer"] for error in answer.body["errors"]] == pointers
    assert all(error["message"] for error in answer.body["errors"])


@pytest.mark.parametrize("text", ["{", '{"name": "Tom"', "Tom", '{"name": NaN}', '{"name": "\\ud800"}', "\x00"])
def test_malformed_json_is_400(text: str) -> None:
    answer = post(text)
    assert (answer.status, answer.body["code"], answer.body["errors"][0]["pointer"]) == (400, "validation_failed", "")


def test_no_content_has_an_empty_body() -> None:
    answer = handler(event("DELETE", "/things/{id}", parameters={"id": THING}), Context())  # type: ignore[arg-type] # a part of it
    assert (answer["statusCode"], answer["body"]) == (204, "")


def test_a_body_that_is_not_utf_8_is_400() -> None:
    latin = event("POST", body=base64.b64encode('{"name": "Zoë"}'.encode("latin-1")).decode(), headers=JSON_BODY)
    answer = ask(handler, {**latin, "isBase64Encoded": True})
    assert (answer.status, answer.body["errors"]) == (400, [{"pointer": "", "message": "is not UTF-8"}])


@pytest.mark.parametrize("zeros", [18, 30, 5_000])
def test_an_integer_that_is_too_large_to_store_is_400(zeros: int) -> None:
    assert post(f'{{"name": "Tom", "order": 1{"0" * zeros}}}').status == 400


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("text/plain", 415),
        ("application/xml", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/json; charset=utf-8", 201),
    ],
)
def test_a_media_type_other_than_json_is_415(content_type: str, status: int) -> None:
    answer = post({"name": "Tom"}, content_type)
    assert answer.status == status
    assert status == 201 or answer.body["code"] == "unsupported_media_type"


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        ("missing", 404, "not_found"),
        ("taken", 409, "duplicate_thing"),
        ("busy", 429, "too_many_requests"),
        ("bug", 500, "internal_error"),
        ("unusual", 500, "internal_error"),
    ],
)
def test_an_error_is_a_problem(failure: str, status: int, code: str) -> None:
    answer = on_thing("DELETE", failure)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(answer.body) == {"type", "title", "status", "detail", "instance", "code"}
    assert (answer.status, answer.body["status"], answer.body["code"]) == (status, status, code)
    assert answer.body["instance"] == REQUEST_ID


def test_an_unexpected_error_reveals_no_internals() -> None:
    assert "secret" not in json.dumps(on_thing("DELETE", "bug").body)


def test_too_many_requests_has_a_retry_after_header() -> None:
    assert on_thing("DELETE", "busy").headers["Retry-After"] == "7"


def test_a_response_that_does_not_fit_its_model_is_500() -> None:
    answer = ask(handler, event("GET", "/broken"))
    assert (answer.status, answer.headers["Content-Type"]) == (500, "application/problem+json")
    assert "fullName" not in json.dumps(answer.body)


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [("siteId", "10000", 200), ("siteId", "20000", 403), ("SITEID", "20000", 403), ("siteid", "10000", 200), ("siteId", "", 200)],
)
def test_a_request_may_name_only_the_site_of_its_key(name: str, value: str, status: int) -> None:
    assert on_thing("GET", THING, query={name: [value]}).status == status


def test_every_value_of_site_id_is_checked() -> None:
    assert on_thing("GET", THING, query={"siteId": ["20000", "10000"]}).status == 403


@pytest.mark.parametrize(
    ("scopes", "status"), [("", 200), ("contact:write", 200), ("outreach:read contact:write", 200), ("contact:read", 403)]
)
def test_a_key_with_scopes_needs_the_scope_of_the_endpoint(scopes: str, status: int) -> None:
    assert on_thing("GET", THING, scopes=scopes).status == status


@pytest.mark.parametrize("path", ["", f"/things/{THING}/", f"/v1/things/{THING}", f"/things/{THING.upper()}"])
def test_the_spelling_of_the_path_does_not_matter(path: str) -> None:
    assert on_thing("GET", THING.upper(), path=path).body["fullName"] == THING


@pytest.mark.parametrize("segment", ["abc", f"{THING}:send", "%2e%2e", f"{THING}0"])
def test_an_id_that_is_not_a_guid_is_400(segment: str) -> None:
    answer = on_thing("GET", segment)
    assert (answer.status, [error["pointer"] for error in answer.body["errors"]]) == (400, ["/id"])


@pytest.mark.parametrize(
    ("segment", "status", "verb"),
    [
        (f"{THING}:send", 200, "sent"),
        (f"{THING}%3Asend", 200, "sent"),
        (f"{THING}%3astop", 200, "stopped"),
        (f"{THING.upper()}:stop", 200, "stopped"),
        (THING, 404, None),
        (f"{THING}:fly", 404, None),
        (f"{THING}:send:send", 404, None),
        ("abc:send", 400, None),
    ],
)
def test_a_verb_follows_the_id(segment: str, status: int, verb: str | None) -> None:
    answer = ask(handler, event("POST", "/things/{segment}", parameters={"segment": segment}))
    assert (answer.status, answer.body.get("siteId")) == (status, verb)


@pytest.mark.parametrize("depth", [101, 300, 1_000, 450_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"name":', "}")])
@pytest.mark.parametrize("is_closed", [False, True])
def test_json_that_is_nested_too_deeply_is_400(depth: int, opening: str, closing: str, is_closed: bool) -> None:
    answer = post(opening * depth + ("1" + closing * depth) * is_closed)
    assert (answer.status, answer.body["code"]) == (400, "validation_failed")


def test_json_may_be_nested_100_levels_deep() -> None:
    body = json.dumps({"name": "x", "more": "?"}).replace('"?"', "[" * 99 + "]" * 99)
    assert post(body).status == 201


def test_a_json_string_that_is_not_utf_8_is_400() -> None:
    asked = event("POST", body=base64.b64encode(b'{"name": "\xff"}').decode(), headers=JSON_BODY) | {"isBase64Encoded": True}
    assert ask(handler, asked).status == 400


def test_an_unknown_route_is_404() -> None:
    assert ask(handler, event("GET", "/nothing")).body["code"] == "not_found"


def test_the_detail_of_a_validation_error_has_the_pointer() -> None:
    error = ValidationFailed.at("/parts/0", "is too heavy")
    assert (error.status, error.detail) == (400, "/parts/0: is too heavy")
