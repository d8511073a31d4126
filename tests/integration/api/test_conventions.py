"""What holds for every route and every request body, so that a new endpoint cannot miss it (docs/api.md, "JSON and HTTP")."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from outreach import wire
from outreach.http import api, routes
from outreach.http.request import MAX_BODY_BYTES
from tests.support.functions import Answer, call, invoke, load
from tests.support.stack import events, folder, functions
from tests.support.template import ROOT

pytestmark = pytest.mark.usefixtures("variables")

GUID = "f8383a83-48e9-4d0d-a3bd-fb19ce5c12db"
OPEN = ("GetConsole", "GetDocs", "GetErrors", "GetOpenapi", "RouteNotFound")


@dataclass(frozen=True)
class Endpoint:
    """A route of the template, with a URL that matches it."""

    path: str
    method: str
    url: str

    def __str__(self) -> str:
        return f"{self.method} {self.url}"

    @property
    def app(self) -> Any:
        return load(self.path).app

    @property
    def has_body(self) -> bool:
        return any(api.body_type(route) for route in api.routes(self.app))

    def ask(self, body: Any = None, *, query: str = "", **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return call(self.path, self.method, self.url + query, body, headers=named)


def endpoint(name: str, route: dict[str, Any]) -> Endpoint:
    path = str(folder(functions()[name]).relative_to(ROOT / "functions"))
    is_ticket = route["Path"].startswith("/ticketing/ticket/")
    resource_id = "1" if is_ticket else GUID
    verb = "".join(f":{verb}" for verb in [*getattr(load(path), "VERBS", getattr(load(path), "SCOPES", []))][:1])
    url = route["Path"].replace("{id}", resource_id + verb).replace("{number}", "+12125550199")
    return Endpoint(path, route["Method"].upper(), url)


ENDPOINTS = [endpoint(name, route) for name, route in events("Api") if name not in OPEN]
WITH_BODY = [entry for entry in ENDPOINTS if entry.has_body]


def properties(entry: Endpoint) -> set[str]:
    """The documented properties of an endpoint's bodies."""
    models = [api.body_type(route) for route in api.routes(entry.app)]
    return {name for model in models if hasattr(model, "model_fields") for name in wire.spellings(model).values()}


def pointers(answer: Answer) -> list[str]:
    return [error["pointer"] for error in answer.body["errors"]]


def test_an_unknown_query_parameter_is_400_and_named(aws: None) -> None:
    for entry in ENDPOINTS:
        answer = entry.ask({}, query="?siteid=10000&Pagesizes=1&x~y%2Fz=")
        assert (answer.status, pointers(answer)) == (400, ["/Pagesizes", "/x~0y~1z"]), entry
        assert "is not a parameter" in answer.body["detail"]


@pytest.mark.parametrize("spell", [str, str.lower, str.upper])
def test_a_query_parameter_matches_in_any_case_and_is_limited(aws: None, spell: Callable[[str], str]) -> None:
    parameters = [(entry, name) for entry in ENDPOINTS for name in api.query_parameters(entry.app)]
    assert len(parameters) > 20
    for entry, name in parameters:
        answer = entry.ask({}, query=f"?{spell(name)}={'x' * 2_001}")
        # The limit of texts names the parameter as the client does, the check of a list's entries by its documented name.
        is_named = not {f"/{name}", f"/{spell(name)}"}.isdisjoint(pointers(answer))
        assert (answer.status, is_named) == (400, True), (entry, answer.body)
        assert "is not a parameter" not in answer.body["detail"], entry


def test_a_query_parameter_with_one_value_is_refused_when_it_is_given_twice(aws: None) -> None:
    scalars = [(entry, name) for entry in ENDPOINTS for name, is_one in api.query_parameters(entry.app).items() if is_one]
    assert len(scalars) > 20
    for entry, name in scalars:
        answer = entry.ask({}, query=f"?{name}=1&{name}=1")
        assert (answer.status, answer.body["errors"][0]["message"]) == (400, "must be given once, but is given 2 times"), entry


@pytest.mark.parametrize("blank", ["", "%20", "+"])
def test_a_blank_query_parameter_counts_as_absent(aws: None, blank: str) -> None:
    def comparable(answer: Answer) -> tuple[int, Any]:
        return answer.status, {**answer.body, "instance": ""} if isinstance(answer.body, dict) else answer.body

    scalars = [(entry, name) for entry in ENDPOINTS for name, is_one in api.query_parameters(entry.app).items() if is_one]
    for entry, name in scalars:
        if name not in ("pageIndex", "pageSize"):
            assert comparable(entry.ask({}, query=f"?{name}={blank}")) == comparable(entry.ask({})), (entry, name)


@pytest.mark.parametrize("name", ["pageIndex", "pageSize"])
def test_a_blank_number_of_a_page_is_400(aws: None, name: str) -> None:
    paged = [entry for entry in ENDPOINTS if name in api.query_parameters(entry.app)]
    answers = [entry.ask({}, query=f"?{name}=") for entry in paged]
    refusals = [answer for answer in answers if answer.status != 404]  # a function of several routes takes the parameters of all
    assert len(refusals) > 10
    assert [answer for answer in refusals if answer.status != 400 or f"/{name}" not in pointers(answer)] == []


def test_a_name_and_a_message_must_show_something(aws: None) -> None:
    texts = [(entry, name) for entry in WITH_BODY for name in ("name", "message") if name in properties(entry)]
    assert len(texts) > 8
    # The message of an outbound message may be empty beside attachments.
    texts.remove((next(entry for entry in WITH_BODY if entry.path == "unichannel/create_outbound_message"), "message"))
    for entry, name in texts:
        for blank in ("", " \t", "\u3164", "\u2800\u00ad", "\U000e0101", "\u034f\ufe0f"):
            answer = entry.ask({name: blank})
            # Whether a contact exists is looked up before its name is read.
            is_refused = answer.status == 404 or (answer.status == 400 and f"/{name}" in pointers(answer))
            assert is_refused, (entry, ascii(blank), answer)


def test_a_query_parameter_is_text(aws: None) -> None:
    for entry in ENDPOINTS:
        for name, is_one in api.query_parameters(entry.app).items():
            answer = entry.ask({}, query=f"?{name}=a%00b")
            expected = ([f"/{name}"], "must not contain the character U+0000")
            assert answer.status == 400, (entry, name)
            assert not is_one or (pointers(answer), answer.body["errors"][0]["message"]) == expected, (entry, name)


def test_a_query_that_is_not_unicode_is_no_error_of_the_server(aws: None) -> None:
    for entry in ENDPOINTS:
        for name in [*api.query_parameters(entry.app), "siteId"]:
            assert entry.ask({}, query=f"?{name}=%ED%A0%80%FF%00").status < 500, entry


def test_every_response_has_the_common_headers(aws: None) -> None:
    for entry in ENDPOINTS:
        for answer in (entry.ask(), entry.ask({}), entry.ask(query="?unknown=1")):
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
            assert answer.headers["Cache-Control"] == "no-store"
            assert uuid.UUID(answer.headers["X-Request-Id"])


@pytest.mark.parametrize("letter", ["x", b"x"])
def test_a_body_over_the_limit_is_413(letter: Any) -> None:
    for entry in ENDPOINTS:
        answer = entry.ask(letter * (MAX_BODY_BYTES + 1))
        assert (answer.status, answer.body["code"]) == (413, "payload_too_large"), entry


@pytest.mark.parametrize("coding", ["gzip", "BR", "identity, gzip"])
def test_a_content_encoding_other_than_identity_is_415(coding: str) -> None:
    assert {entry.ask({}, Content_Encoding=coding).status for entry in ENDPOINTS} == {415}


@pytest.mark.parametrize("coding", ["Identity", ""])
def test_the_content_encoding_identity_is_accepted(aws: None, coding: str) -> None:
    assert [entry for entry in ENDPOINTS if entry.ask({}, Content_Encoding=coding).status == 415] == []


@pytest.mark.parametrize("media_type", ["Application/JSON", "APPLICATION/JSON ;CHARSET=UTF-8", ""])
def test_the_media_type_of_json_matches_in_any_case(aws: None, media_type: str) -> None:
    assert [entry for entry in WITH_BODY if entry.ask({}, content_type=media_type).status == 415] == []


@pytest.mark.parametrize("media_type", ["text/plain", "application/json-patch+json", "application/jsonx", "TEXT/XML"])
def test_another_media_type_is_415(media_type: str) -> None:
    assert [entry for entry in WITH_BODY if entry.ask({}, content_type=media_type).status != 415] == []


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"\xff", "is not UTF-8"),
        (b'{"name": "\xed\xa0\x80"}', "is not UTF-8"),
        (b'{"name": "\\ud800"}', "line 1, column"),
        (b'{"name":\n NaN}', "line 2, column 2"),
        (b"{", "line 1, column"),
        (b'{\n"a": 1,\n\n"b": Infinity}', "line 4, column 6"),
        (b'{"a": 1e400}', "line 1, column"),
        (b'{"a": 1} x', "line 1, column 10"),
        (b"[" * 1_000 + b"]" * 1_000, "nested"),
    ],
)
def test_a_body_that_is_not_json_is_400_with_its_place(aws: None, body: bytes, detail: str) -> None:
    for entry in WITH_BODY:
        answer = entry.ask(body)
        assert (answer.status, pointers(answer)) == (400, [""]), (entry, answer.body)
        assert detail in answer.body["detail"]


@pytest.mark.parametrize(
    "body",
    [b"null", b"7", b'"x"', b"[]", b"[[]]", b"[null]", b"{}", b"true", b'{"":""}', b'{"a":1,"a":2}', b"\xef\xbb\xbf{}"],
)
def test_json_of_another_form_is_refused_at_a_place_that_exists(aws: None, body: bytes) -> None:
    document = json.loads(body.decode("utf-8-sig"))
    for entry in WITH_BODY:
        answer = entry.ask(body)
        assert answer.status < 500, entry
        if answer.status == 400:
            assert [pointer for pointer in pointers(answer) if not is_in(document, pointer)] == [], entry


def verbs(entry: Endpoint) -> list[Endpoint]:
    """The endpoint with each of its verbs that takes a body."""
    module = load(entry.path)
    names = [*getattr(module, "VERBS", getattr(module, "SCOPES", []))]
    bodies = {route.path.rpartition(":")[2]: api.body_type(route) for route in api.routes(entry.app)}
    taking = [name for name in names if bodies.get(name, bodies.get("", True))]
    return [replace(entry, url=entry.url.rpartition(":")[0] + f":{name}") for name in taking] or [entry]


def test_a_verb_with_another_method_is_405_and_names_the_method(aws: None) -> None:
    with_verb = {(route.rpartition("}:")[0] + "}", route.rpartition("}:")[2]) for _, route in routes._routes() if "}:" in route}
    assert len(with_verb) > 10
    tried = 0
    for name, route in events("Api"):
        path = str(folder(functions()[name]).relative_to(ROOT / "functions"))
        for resource, verb in with_verb:
            if route["Path"] == resource and route["Method"] != "post":
                url = resource.replace("{id}", f"{uuid.uuid4()}:{verb}")
                answer = call(path, route["Method"].upper(), url, {}, scopes="ticketing:read")
                assert (answer.status, answer.headers.get("Allow")) == (405, "POST"), url
                tried += 1
    assert tried > len(with_verb)


def test_an_id_with_a_colon_that_is_no_guid_is_400(aws: None) -> None:
    answer = call("outreach/get_campaign", "GET", "/outreach/campaigns/abc:send")
    assert (answer.status, pointers(answer)) == (400, ["/id"])


@pytest.mark.parametrize("length", [0, 1, 2])
def test_an_array_is_400_where_an_object_belongs(aws: None, length: int) -> None:
    objects = [case for entry in WITH_BODY for case in verbs(entry) if entry.path != "contacts/batch_delete_contacts"]
    assert len(objects) > len(WITH_BODY)
    for entry in objects:
        answer = entry.ask([{"name": "Ada", "ids": [], "value": "a", "contactId": str(uuid.uuid4())}] * length)
        assert (answer.status, pointers(answer)) == (400, [""]), (entry, answer.body)
        assert answer.body["errors"][0]["message"] == "must be an object", entry


def is_in(document: Any, pointer: str) -> bool:
    """Whether a pointer leads to a value of a document, or to a property that an object of it lacks."""
    node = document
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    for position, step in enumerate(steps):
        if isinstance(node, list) and step.isdecimal() and int(step) < len(node):
            node = node[int(step)]
        elif isinstance(node, dict) and step in node:
            node = node[step]
        else:
            return isinstance(node, dict | None) and position == len(steps) - 1
    return True


@pytest.mark.parametrize("name", OPEN)
def test_open_responses_have_the_security_headers(aws: None, name: str) -> None:
    path = str(folder(functions()[name]).relative_to(ROOT / "functions"))
    context = {"requestId": "r1", "domainName": "api.example.com", "stage": "v1"}
    answer = invoke(path, {"httpMethod": "GET", "path": "/x", "pathParameters": {"proxy": "x"}, "requestContext": context})
    headers = answer["headers"]
    assert (headers["X-Content-Type-Options"], headers["X-Request-Id"]) == ("nosniff", "r1")
    assert headers["Strict-Transport-Security"].startswith("max-age=")


@pytest.mark.parametrize("carrier", ["twilio", "telnyx"])
def test_responses_to_carriers_have_the_security_headers(aws: None, carrier: str) -> None:
    account = str(uuid.uuid4())
    event = {
        "rawPath": f"/webhooks/{carrier}/{account}",
        "rawQueryString": "",
        "headers": {},
        "pathParameters": {"proxy": account},
        "body": base64.b64encode(b"x").decode(),
        "isBase64Encoded": True,
        "requestContext": {"requestId": "r1"},
    }
    headers = invoke(f"webhooks/receive_{carrier}", event)["headers"]
    assert (headers["X-Content-Type-Options"], headers["X-Request-Id"]) == ("nosniff", "r1")
