"""Writes docs/openapi.json, the OpenAPI 3.1 description of the API, from the handlers.

A handler's route gives the path and its parameters, its models give the bodies, its docstring gives summary and description, and
its source gives the scope and the statuses. ``scripts/openapi.yaml`` adds everything that handlers do not contain.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import re
import sys
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml
from aws_lambda_powertools.event_handler.openapi.models import OpenAPI
from pydantic.alias_generators import to_camel, to_pascal

from outreach import __version__
from outreach.errors import OutreachError
from outreach.events.models import EventType
from outreach.http import api, list_results
from outreach.http.problems import ERRORS_PATH
from scripts.openapi_examples import add_examples
from scripts.openapi_schemas import (
    Json,
    add_property_texts,
    add_schemas,
    deep_merge,
    first,
    remove_defaults,
    simplify,
    without_null,
)

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs/openapi.json"
ADDITIONS = ROOT / "scripts/openapi.yaml"
HANDLERS = ("contacts/*", "outreach/*", "sites/*", "ticketing/*", "unichannel/*", "api/get_list_result")


# Call of :mod:`outreach.http` in a handler's source → status of its success response; without such a call it is 200.
SUCCESS_STATUSES = {"api.created(": "201", "api.no_content(": "204"}
# Call in a handler's source → statuses of further responses.
FURTHER_STATUSES = {
    "api.accepted(": "202",
    "api.see_other(": "303",
    "csv_response.of_object(": "303",
    "redirect_oversized(": "303",
    "list_results.response_deadline(": "202 303",
}
LIST_RESULT_CONTENT = {"application/json": {"schema": {"$ref": "#/components/schemas/ListResult"}}}
# What the source of a handler contains that answers 200 with a file.
FILE_ANSWERS = ("csv_response.of_object(", "Content-Disposition")
# A handler of long lists, with the name of its function.
LIST_RESULT = re.compile(r'list_results\.entry_point\(app, "(\w+)"\)')

SUCCESS_DESCRIPTIONS = {
    "200": "The request succeeded.",
    "201": "Created.",
    "202": "The work continues in the background. Poll the URL in `Location` for its status.",
    "204": "The request succeeded. The response has no body.",
    "303": "The result is at the URL in `Location`, which is valid for 15 minutes.",
}
ERROR_DESCRIPTIONS = {
    "400": "The request is invalid. `errors` lists each invalid property and parameter.",
    "401": "The API key is missing, unknown or revoked.",
    "403": "The API key lacks the scope or belongs to another site, or the site has all contacts or webhooks that it may have.",
    "404": "The resource does not exist in this site.",
    "413": "The request body is too large.",
    "415": "The media type of the request body is not supported.",
    "422": "The Idempotency-Key was used for another request.",
    "429": "Too many requests, or the site's daily quota of segments is used up (`quota_exceeded`). Wait `Retry-After` seconds.",
    "5XX": "500: an internal error. 503: a dependency is unavailable. 504: the request took too long.",
}
# Status → component that describes its ``Retry-After``. Some 503 lack it: nobody knows when, or the request must not be repeated.
RETRY_AFTER = {"429": "Retry-After", "5XX": "Retry-After-Outage"}
_REQUEST_ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
IN_FLIGHT = "`request_in_progress`: the first request with this Idempotency-Key is still being processed."


def document() -> Json:
    """Make the OpenAPI document."""
    base: Json = yaml.load(ADDITIONS.read_text(), _UniqueKeyLoader)  # noqa: S506 - it is a SafeLoader
    base["info"]["version"] = __version__
    additions = {name: base.pop(name) for name in list(base) if name.startswith("x-")}
    components: Json = {"schemas": {}, "responses": dict(_error_responses())}
    paths: Json = {}
    for module, schema in _handlers():
        add_schemas(components["schemas"], schema["components"]["schemas"])
        for path, method, operation in _operations(module, schema):
            paths.setdefault(path, {})[method] = _complete_operation(path, operation, module, additions)
    operation_ids = {operation["operationId"] for item in paths.values() for operation in item.values()}
    if stale := (additions["x-conflicts"].keys() | additions["x-operations"].keys()) - operation_ids:
        raise ValueError(f"remove these operations from scripts/openapi.yaml, which do not exist: {', '.join(sorted(stale))}")
    for name, spelling in additions["x-spelling"].items():
        properties = components["schemas"][name]["properties"]
        components["schemas"][name]["properties"] = {spelling.get(key, key): value for key, value in properties.items()}
    _add_events(base, additions["x-events"])
    result: Json = deep_merge({**base, "paths": dict(sorted(paths.items())), "components": components}, base)
    add_property_texts(result, additions["x-properties"])
    remove_defaults(result)
    add_examples(result, additions["x-parameters"])
    return result


class _UniqueKeyLoader(yaml.SafeLoader):
    """Refuses a mapping that has a key twice: of two descriptions of a property, the second would replace the first."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        keys = [key.value for key, _ in node.value]
        if twice := {key for key in keys if keys.count(key) > 1}:
            raise ValueError(f"scripts/openapi.yaml has these keys twice in one mapping: {', '.join(sorted(twice))}")
        return node


def text() -> str:
    """Return the content of the file."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def _handlers() -> Iterator[tuple[ModuleType, Json]]:
    """Load the handler of each endpoint; yields the module and the OpenAPI schema of its resolver."""
    for file in (path for handler in HANDLERS for path in sorted(ROOT.glob(f"functions/{handler}/app.py"))):
        spec = importlib.util.spec_from_file_location(file.parent.name, file)
        assert spec  # noqa: S101
        assert spec.loader  # noqa: S101
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        openapi: OpenAPI = module.app.get_openapi_schema(title="", version="")
        yield module, simplify(openapi.model_dump(mode="json", by_alias=True, exclude_none=True))


# ---------------------------------------------------------------- Operations


def _operations(module: ModuleType, schema: Json) -> Iterator[tuple[str, str, Json]]:
    """Yield path, method and description of each operation of a handler.

    A handler may have several verbs. One with several functions describes each operation in the function's docstring.
    """
    functions = {(route.openapi_path, route.method.lower()): route.func for route in api.routes(module.app)}
    if not hasattr(module, "SCOPES") and len({function.__name__ for function in functions.values()}) > 1:
        for path, item in schema["paths"].items():
            for method, operation in item.items():
                function = functions[path, method]
                texts = _texts(inspect.cleandoc(function.__doc__ or "").split("\n\n"))
                yield path, method, {**operation, **texts, "operationId": to_camel(function.__name__)}
        return
    _, *paragraphs = inspect.cleandoc(module.__doc__ or "").split("\n\n")
    if not paragraphs:
        raise ValueError(f"{module.__file__}: the docstring must describe the operation after the route and an empty line")
    for path, item in schema["paths"].items():
        for method, operation in item.items():
            if hasattr(module, "SCOPES"):
                yield path, method, _verb_route(module, path, operation, paragraphs[0])
                continue
            if not hasattr(module, "VERBS"):
                yield path, method, {**operation, **_texts(paragraphs), "operationId": to_camel(module.__name__)}
                continue
            resource = module.__name__.removeprefix("act_on_")
            for verb, texts in _verb_texts(resource, paragraphs[0]):
                yield (
                    path.replace("{segment}", f"{{id}}:{verb}"),
                    method,
                    {**_verb_operation(operation, module.VERBS[verb]), **texts},
                )


def _verb_texts(resource: str, paragraph: str) -> Iterator[tuple[str, Json]]:
    """Yield each verb of a handler's docstring with its texts."""
    for verb, lines in re.findall(r"^(\w+): (.*(?:\n    .*)*)", paragraph, re.MULTILINE):
        yield verb, {**_texts(lines.split("\n", 1)), "operationId": verb + to_pascal(resource)}


def _verb_route(module: ModuleType, path: str, operation: Json, paragraph: str) -> Json:
    """Complete the operation of a verb that has a route of its own; the source of the route tells its statuses."""
    verb = path.rpartition(":")[2]
    texts = dict(_verb_texts(module.__name__.removeprefix("act_on_"), paragraph))[verb]
    route = next(route for route in api.routes(module.app) if route.openapi_path == path)
    entry_point = re.findall(r"^lambda_handler = .*", inspect.getsource(module), re.MULTILINE)
    source = "\n".join([inspect.getsource(route.func), *entry_point])
    return {**operation, **texts, "x-scope": module.SCOPES[verb], "x-source": source}


def _texts(paragraphs: list[str]) -> Json:
    summary, *rest = paragraphs
    description = " ".join(" ".join(rest).split())
    return {"summary": summary.strip().removesuffix("."), **({"description": description} if description else {})}


def _verb_operation(operation: Json, entry: Any) -> Json:
    """Make the operation of one verb: the response model is what the verb's function returns."""
    parts = entry if isinstance(entry, tuple) else (entry,)
    return_types = [getattr(part, "__annotations__", {}).get("return") for part in parts]
    names = {str(getattr(kind, "__name__", kind)).removesuffix("Response") for kind in return_types}
    operation = json.loads(json.dumps(operation))
    operation["parameters"] = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
    content = operation["responses"]["200"]["content"]["application/json"]
    for choice in content["schema"].get("anyOf", []):
        if str(choice.get("$ref", "")).rpartition("/")[2] in names:
            content["schema"] = choice
    operation["x-scope"] = next((part for part in parts if isinstance(part, str)), "")
    return operation


def _complete_operation(path: str, operation: Json, module: ModuleType, additions: Mapping[str, Any]) -> Json:
    """Add the responses, parameters and texts that endpoints share, and the additions to this operation."""
    operation_id, source = operation["operationId"], operation.pop("x-source", "") or inspect.getsource(module)
    scope = operation.pop("x-scope", "") or _scope(source)
    is_idempotent = "idempotent=True" in source
    conflicts = [additions["x-conflicts"].get(operation_id, ""), IN_FLIGHT if is_idempotent else ""]
    errors = ["400", "401", "403", *(["404"] if "{" in path else []), *(["413", "415"] if "requestBody" in operation else [])]
    errors += [*(["422"] if is_idempotent else []), "429", "5XX"]
    responses: Json = _success_responses(operation, source)
    responses |= {status: {"$ref": f"#/components/responses/{_response_name(status)}"} for status in errors}
    if any(conflicts):
        responses["409"] = _error_response("\n\n".join(filter(None, conflicts)))
    common = ["siteId", *(["idempotencyKey"] if is_idempotent else [])]
    common_parameters = [{"$ref": f"#/components/parameters/{parameter}"} for parameter in common]
    completed = {
        "operationId": operation_id,
        "summary": operation["summary"],
        "description": "\n\n".join(filter(None, [operation.get("description"), f"Scope: `{scope}`" if scope else ""])),
        "tags": [
            first(
                (tag for start, tag in additions["x-tags"].items() if path.startswith(start)),
                f"add a tag for {path} to x-tags in scripts/openapi.yaml",
            )
        ],
        "security": [{kind: [scope] if scope else []} for kind in ("bearer", "basic")],
        "parameters": [*operation.get("parameters", []), *common_parameters],
        **({"requestBody": _request_body(operation["requestBody"])} if "requestBody" in operation else {}),
        "responses": dict(sorted(responses.items())),
    }
    result: Json = deep_merge(completed, additions["x-operations"].get(operation_id, {}))
    return result


def _request_body(body: Json) -> Json:
    """Complete a request body. One that may be ``null`` may also be absent, which says the same more simply."""
    content = {kind: {**media, "schema": without_null(media["schema"])} for kind, media in body["content"].items()}
    return {**body, "content": content, "required": body.get("required", False)}


def _scope(source: str) -> str:
    """Return the scope that a handler requires, or an empty text if it depends on the request."""
    if "scope=None" in source:
        return ""
    scopes = re.findall(r'scope="([a-z:]+)"', source) + [
        list_results.FUNCTIONS[function] for function in LIST_RESULT.findall(source)
    ]
    return first(scopes, "a handler must name its scope")


def _success_responses(operation: Json, source: str) -> Json:
    """Make the success responses by status."""
    content = operation["responses"]["200"]["content"]
    success = next((status for call, status in SUCCESS_STATUSES.items() if call in source), "200")
    replay_header = ["Idempotency-Replayed"] if "idempotent=True" in source else []
    location_header = ["Location"] if success == "201" else []
    file_header = ["Content-Disposition"] if any(part in source for part in FILE_ANSWERS) else []
    headers = [*location_header, *file_header, *replay_header]
    responses = {success: _success_response(success, None if success == "204" else content, *headers)}
    for status in {status for call, statuses in FURTHER_STATUSES.items() if call in source for status in statuses.split()}:
        later = LIST_RESULT_CONTENT if "list_results.response_deadline(" in source else content
        responses[status] = _success_response(status, later if status == "202" else None, "Location", *replay_header)
    return responses


def _success_response(status: str, content: Json | None, *headers: str) -> Json:
    return {
        "description": SUCCESS_DESCRIPTIONS[status],
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", *headers)},
        **({"content": content} if content else {}),
    }


# ---------------------------------------------------------------- Events


_EVENT_TIME = {"type": "string", "format": "date-time", "description": "When it happened."}
_EVENT_DATA = "The object that the event concerns, as the API shows it when the event is published."


def _add_events(base: Json, events: Mapping[str, Json]) -> None:
    """Add the webhook and the schema of each type of event, and ``Event``, which is any of them."""
    if wrong := {str(kind) for kind in EventType} ^ events.keys():
        raise ValueError(f"x-events of scripts/openapi.yaml must have exactly the types of events: {', '.join(sorted(wrong))}")
    callback, schemas = base["webhooks"].pop("event")["post"], base["components"]["schemas"]
    names = {kind: "".join(part[0].upper() + part[1:] for part in kind.split(".")) for kind in events}
    for kind, event in events.items():
        schemas[f"{names[kind]}Event"] = {
            "description": event["summary"] + ".",
            "type": "object",
            "required": ["type", "timestamp", "siteId", "data"],
            "properties": {
                "type": {"type": "string", "const": kind, "description": "The type of the event."},
                "timestamp": {**_EVENT_TIME, "examples": ["2026-03-03T09:30:00.000Z"]},
                "siteId": {"type": "string", "description": "The site in which it happened.", "examples": ["10000"]},
                "data": _event_data(schemas, event),
            },
        }
        base["webhooks"][kind] = {"post": deep_merge(callback, _event_operation(names[kind], event))}
    references = {kind: f"#/components/schemas/{name}Event" for kind, name in names.items()}
    schemas["Event"] |= {
        "oneOf": [{"$ref": reference} for reference in references.values()],
        "discriminator": {"propertyName": "type", "mapping": references},
    }


def _event_data(schemas: Json, event: Json) -> Json:
    """Return the schema of an event's ``data``, with an example that shows the state of which the event tells."""
    schema = {"$ref": f"#/components/schemas/{event['data']}", "description": _EVENT_DATA}
    if "example" not in event:
        return schema
    return schema | {"examples": [schemas[event["data"]]["examples"][0] | event["example"]]}


def _event_operation(name: str, event: Json) -> Json:
    """Return what the webhook of a type of event has of its own."""
    return {
        "operationId": f"{name[0].lower()}{name[1:]}Event",
        "summary": event["summary"],
        "requestBody": {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}Event"}}}},
    }


# ---------------------------------------------------------------- Errors


def _error_responses() -> Iterator[tuple[str, Json]]:
    for status, description in ERROR_DESCRIPTIONS.items():
        response = _error_response(description)
        if status in RETRY_AFTER:
            response["headers"]["Retry-After"] = {"$ref": f"#/components/headers/{RETRY_AFTER[status]}"}
        response["content"]["application/problem+json"]["example"] = _problem(status)
        yield _response_name(status), response


def _problem(status: str) -> Json:
    """Make the example of an error from the class that raises it."""
    number = 503 if status == "5XX" else int(status)
    kind = next((kind for kind in OutreachError.__subclasses__() if kind.status == number), None)
    code, title = (kind.code, kind.title) if kind else ("unauthorized", "The API key is missing or not valid")
    kind_of_error = f"https://api.example.com/v1{ERRORS_PATH}#{code}"
    problem = {"type": kind_of_error, "title": title, "status": number, "detail": title, "instance": _REQUEST_ID, "code": code}
    if number != HTTPStatus.BAD_REQUEST:
        return problem
    error = {"pointer": "/pageSize", "message": "must be at most 500"}
    return {**problem, "detail": ": ".join(error.values()), "errors": [error]}


def _error_response(description: str) -> Json:
    return {
        "description": description,
        "headers": {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}},
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _response_name(status: str) -> str:
    """``413`` → ``PayloadTooLarge``."""
    phrase = "Server Error" if status == "5XX" else HTTPStatus(int(status)).phrase
    return {"413": "PayloadTooLarge", "422": "Unprocessable"}.get(status) or "".join(phrase.split())


if __name__ == "__main__":
    try:
        TARGET.write_text(text())
    except ValueError as error:
        sys.exit(f"docs/openapi.json was not written: {error}")
    print(f"{TARGET.relative_to(ROOT)}: {TARGET.stat().st_size:,} bytes")
