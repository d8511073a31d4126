"""Write docs/openapi.json: the description of the API (OpenAPI 3.1), from the handlers' own routes and models.

What a handler says is taken from it: path and parameters from its route, bodies from its models, summary and description from its
docstring, scope and statuses from how it is written. ``openapi.yaml`` beside this file has what no handler knows. Both kinds of
models are described as they are *written*, whatever else is read.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml
from aws_lambda_powertools.event_handler.openapi.models import OpenAPI
from pydantic.alias_generators import to_camel

from outreach.contacts.files import later

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs/openapi.json"
WORDS = ROOT / "scripts/openapi.yaml"
AREAS = ("contacts", "outreach", "unichannel", "ticketing")

Json = dict[str, Any]

# How a handler answers, by the words of :mod:`outreach.http` that it uses; without any of them it is 200.
SUCCESS = {"api.created(": "201", "api.no_content(": "204"}
MORE = {
    "api.accepted(": "202",
    "api.see_other(": "303",
    "large.answers(": "303",
    "later.entry_point(": "202 303",
}
# A list that may take long: its function.
LATER = re.compile(r'later\.entry_point\(app, "(\w+)"\)')

SAID = {
    "200": "Done.",
    "201": "Created.",
    "202": "Begun; look at the address in `Location` for how it goes on.",
    "204": "Done.",
    "303": "The answer lies at the address in `Location`, for a quarter of an hour.",
}
ERRORS = {
    "400": "The request is wrong; `errors` names each place.",
    "401": "The API key is missing or unknown.",
    "403": "The API key doesn't allow this, or the site has all that it may have (`quota_exceeded`).",
    "404": "There is no such thing in this site.",
    "413": "The request is too large.",
    "415": "The body's media type isn't supported.",
    "422": "The Idempotency-Key was used with another request.",
    "429": "Too many requests, or the day's allowance is used up (`quota_exceeded`); repeat it after `Retry-After`.",
    "5XX": "Not the request's fault. 503: something we depend on is down. 504: it took too long.",
}
IN_FLIGHT = "`request_in_progress`: the first request with this Idempotency-Key isn't done."


def document() -> Json:
    """The description."""
    base: Json = yaml.safe_load(WORDS.read_text())
    words = {name: base.pop(name) for name in list(base) if name.startswith("x-")}
    components: Json = {"schemas": {}, "responses": dict(_error_responses())}
    paths: Json = {}
    for module, schema in _described():
        _add(components["schemas"], schema["components"]["schemas"])
        for path, method, operation in _operations(module, schema):
            paths.setdefault(path, {})[method] = _finished(path, method, operation, module, words)
    named = {operation["operationId"] for item in paths.values() for operation in item.values()}
    if stale := (words["x-conflicts"].keys() | words["x-operations"].keys()) - named:
        raise ValueError(f"openapi.yaml speaks of operations that are gone: {', '.join(sorted(stale))}")
    for name, spelling in words["x-spelling"].items():
        properties = components["schemas"][name]["properties"]
        components["schemas"][name]["properties"] = {spelling.get(key, key): value for key, value in properties.items()}
    return _with_words(
        _merged({**base, "paths": dict(sorted(paths.items())), "components": components}, base), words["x-properties"]
    )


def text() -> str:
    """The file."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def _described() -> Iterator[tuple[ModuleType, Json]]:
    """Each endpoint's handler, and what its resolver says of it."""
    for file in sorted(path for area in AREAS for path in ROOT.glob(f"functions/{area}/*/app.py")):
        spec = importlib.util.spec_from_file_location(file.parent.name, file)
        assert spec  # noqa: S101
        assert spec.loader  # noqa: S101
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        described: OpenAPI = module.app.get_openapi_schema(title="", version="")
        yield module, _simplified(described.model_dump(mode="json", by_alias=True, exclude_none=True))


# ---------------------------------------------------------------- Schemas


def _simplified(described: Json) -> Json:
    """Enumerations in place (several are called ``Status``), answers without their suffix, no errors of the resolver's own."""
    schemas: Json = described["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        del schemas[name]
    enumerations = {name: schema["enum"] for name, schema in schemas.items() if "enum" in schema}

    def walk(node: Any, *, named: bool = False) -> Any:
        if isinstance(node, list):
            return [walk(entry) for entry in node]
        if not isinstance(node, dict):
            return node
        # Below ``properties`` a key is a name, whatever else it would mean.
        node = {key: walk(value, named=key == "properties") for key, value in node.items() if named or key != "title"}
        return node if named else _plain(node, enumerations)

    kept = {name.removesuffix("Response"): schema for name, schema in schemas.items() if name not in enumerations}
    return {"paths": walk(described["paths"]), "components": {"schemas": {name: walk(schema) for name, schema in kept.items()}}}


def _plain(node: Json, enumerations: Mapping[str, list[str]]) -> Json:
    """A schema in the words of JSON Schema 2020-12, a nullable one without ``anyOf`` where that goes."""
    for ours, theirs in (("ge", "minimum"), ("le", "maximum")):
        if ours in node:
            node[theirs] = node.pop(ours)
    name = str(node.get("$ref", "")).rpartition("/")[2]
    if name in enumerations:
        node = {"type": "string", "enum": enumerations[name], **{key: value for key, value in node.items() if key != "$ref"}}
    elif name:
        node["$ref"] = f"#/components/schemas/{name.removesuffix('Response')}"
    others = [entry for entry in node.get("anyOf", []) if entry != {"type": "null"}]
    if len(others) == 1 and len(node["anyOf"]) > 1 and isinstance(others[0].get("type"), str):
        rest = {key: value for key, value in node.items() if key != "anyOf"}
        node = {**others[0], "type": [others[0]["type"], "null"], **rest}
        if "enum" in node:
            node["enum"] = [*node["enum"], None]
    return node


def _add(schemas: Json, more: Json) -> None:
    for name, schema in more.items():
        if schemas.setdefault(name, schema) != schema:
            raise ValueError(f"two models are called {name}")


def _with_words(whole: Json, words: Mapping[str, Json]) -> Json:
    """Every property and parameter with its description and format."""

    def improved(owner: str, name: str, schema: Json) -> Json:
        said = words.get(f"{owner}.{name}") or words.get(name)
        if said is None:
            raise ValueError(
                f"openapi.yaml says nothing of {owner}.{name}: add a line `{name}: {{description: …}}` to x-properties"
            )
        better: Json = _merged(schema, said)
        if "string" not in better.get("type", ""):
            better.pop("format", None)
        return better

    for owner, schema in whole["components"]["schemas"].items():
        if "properties" in schema and owner != "Problem":
            schema["properties"] = {name: improved(owner, name, entry) for name, entry in schema["properties"].items()}
    for operation in (operation for item in whole["paths"].values() for operation in item.values()):
        for parameter in (parameter for parameter in operation["parameters"] if "name" in parameter):
            parameter["schema"] = improved(operation["operationId"], parameter["name"], parameter["schema"])
            parameter["description"] = parameter["schema"].pop("description")
    return whole


# ---------------------------------------------------------------- Operations


def _operations(module: ModuleType, schema: Json) -> Iterator[tuple[str, str, Json]]:
    """Path, method and description of what a handler serves: of each verb, where it has verbs."""
    _, *about = inspect.cleandoc(module.__doc__ or "").split("\n\n")
    if not about:
        raise ValueError(f"{module.__file__}: after the route and an empty line, the docstring says what it does")
    for path, item in schema["paths"].items():
        for method, operation in item.items():
            if not hasattr(module, "VERBS"):
                yield path, method, {**operation, **_prose(about), "operationId": to_camel(module.__name__)}
                continue
            thing = module.__name__.removeprefix("act_on_")
            for verb, lines in re.findall(r"^(\w+): (.*(?:\n    .*)*)", about[0], re.MULTILINE):
                names = {**_prose(lines.split("\n", 1)), "operationId": to_camel(f"{verb}_{thing}")}
                yield path.replace("{segment}", f"{{id}}:{verb}"), method, {**_of_verb(operation, module.VERBS[verb]), **names}


def _prose(about: list[str]) -> Json:
    summary, *rest = about
    description = " ".join(" ".join(rest).split())
    return {"summary": summary.strip().removesuffix("."), **({"description": description} if description else {})}


def _of_verb(operation: Json, entry: Any) -> Json:
    """The operation of one verb: its id is one, and its answer what the table's function for it returns."""
    parts = entry if isinstance(entry, tuple) else (entry,)
    returned = [getattr(part, "__annotations__", {}).get("return") for part in parts]
    names = {str(getattr(kind, "__name__", kind)).removesuffix("Response") for kind in returned}
    operation = json.loads(json.dumps(operation))
    operation["parameters"] = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
    content = operation["responses"]["200"]["content"]["application/json"]
    for choice in content["schema"].get("anyOf", []):
        if str(choice.get("$ref", "")).rpartition("/")[2] in names:
            content["schema"] = choice
    operation["x-scope"] = next((part for part in parts if isinstance(part, str)), "")
    return operation


def _finished(path: str, method: str, operation: Json, module: ModuleType, words: Mapping[str, Any]) -> Json:
    """An operation with all that endpoints have in common."""
    name, source = operation["operationId"], inspect.getsource(module)
    scope = operation.pop("x-scope", "") or _scope(source)
    idempotent = "creates=True" in source
    conflict = [words["x-conflicts"].get(name, ""), IN_FLIGHT if idempotent else ""]
    errors = ["400", "401", "403", *(["404"] if "{" in path else []), *(["413", "415"] if "requestBody" in operation else [])]
    errors += [*(["422"] if idempotent else []), "429", "5XX"]
    responses: Json = _successes(operation, source)
    responses |= {status: {"$ref": f"#/components/responses/{_name(status)}"} for status in errors}
    if any(conflict):
        responses["409"] = _error("\n\n".join(filter(None, conflict)))
    common = ["siteId", *(["idempotencyKey"] if idempotent else [])]
    more = [{"$ref": f"#/components/parameters/{parameter}"} for parameter in common]
    finished = {
        "operationId": name,
        "summary": operation["summary"],
        "description": "\n\n".join(filter(None, [operation.get("description"), f"Scope: `{scope}`" if scope else ""])),
        "tags": [
            _first((tag for start, tag in words["x-tags"].items() if path.startswith(start)), f"x-tags has none for {path}")
        ],
        "security": [{kind: [scope] if scope else []} for kind in ("bearer", "basic")],
        "parameters": [*operation.get("parameters", []), *more],
        **({"requestBody": operation["requestBody"]} if "requestBody" in operation else {}),
        "responses": dict(sorted(responses.items())),
    }
    whole: Json = _merged(finished, words["x-operations"].get(name, {}))
    return whole


def _scope(source: str) -> str:
    """What a key must be allowed to do; empty where that depends."""
    if "scope=None" in source:
        return ""
    said = re.findall(r'scope="([a-z:]+)"', source) + [later.FUNCTIONS[function] for function in LATER.findall(source)]
    return _first(said, "a handler names no scope")


def _first(found: Iterable[str], complaint: str) -> str:
    for entry in found:
        return entry
    raise ValueError(complaint)


def _successes(operation: Json, source: str) -> Json:
    """What isn't an error, by status."""
    content = operation["responses"]["200"]["content"]
    first = next((status for word, status in SUCCESS.items() if word in source), "200")
    replayed = ["Idempotency-Replayed"] if "creates=True" in source else []
    responses = {first: _answer(first, None if first == "204" else content, *replayed)}
    for status in {status for word, statuses in MORE.items() if word in source for status in statuses.split()}:
        responses[status] = _answer(status, content if status == "202" else None, "Location", *replayed)
    return responses


def _answer(status: str, content: Json | None, *headers: str) -> Json:
    return {
        "description": SAID[status],
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", *headers)},
        **({"content": content} if content else {}),
    }


# ---------------------------------------------------------------- Errors


def _error_responses() -> Iterator[tuple[str, Json]]:
    for status, description in ERRORS.items():
        yield _name(status), _error(description, *(["Retry-After"] if status == "429" else []))


def _error(description: str, *headers: str) -> Json:
    return {
        "description": description,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", *headers)},
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _name(status: str) -> str:
    """``413`` → ``PayloadTooLarge``."""
    phrase = "Server Error" if status == "5XX" else HTTPStatus(int(status)).phrase
    return {"413": "PayloadTooLarge", "422": "Unprocessable"}.get(status) or "".join(phrase.split())


def _merged(first: Any, second: Any) -> Any:
    """``second`` over ``first``, mappings entry by entry; ``None`` takes an entry out."""
    if not (isinstance(first, dict) and isinstance(second, dict)):
        return second
    both = {**first, **{key: _merged(first.get(key), value) for key, value in second.items()}}
    return {key: value for key, value in both.items() if value is not None or key not in second}


if __name__ == "__main__":
    try:
        TARGET.write_text(text())
    except ValueError as error:
        sys.exit(f"docs/openapi.json is as it was: {error}")
    print(f"{TARGET.relative_to(ROOT)}: {TARGET.stat().st_size:,} bytes")
