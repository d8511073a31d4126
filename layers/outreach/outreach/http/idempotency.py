"""``Idempotency-Key``: a repeated request gets the first response and has no further effect (docs/api.md, "JSON and HTTP").

The rules are those of the Internet-Draft "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-header,
section 2): 422 for a key with another request, 409 while the first request is in flight. Imported only for requests with a key.

=====================================  =============================================================
pk (requests table)                    item
=====================================  =============================================================
``<site>#<method> <route>#<sha256>``   the request and its response, as Powertools stores them
the same, ``#IDS``                     ``seed`` of the ids that the request gives to what it creates
=====================================  =============================================================

A secret is not stored: a stored response has ``null`` in its place, and a replay reads it where it is kept.

An attempt that crashes stores no response, so the next attempt repeats all its steps. Ids derive from the seed, which outlives
failed attempts. The next attempt therefore finds what the crashed one created, and writing it again changes nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import orjson
from aws_lambda_powertools.event_handler.openapi.params import UploadFile
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent_function
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyInconsistentStateError,
    IdempotencyPersistenceLayerError,
    IdempotencyValidationError,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import aws, clock, dynamo, parsing
from outreach.errors import Conflict, Unprocessable, ValidationFailed
from outreach.http.caller import Caller
from outreach.http.request import canonical_path, raw_body
from outreach.observability import logger
from outreach.settings import settings

# The Internet-Draft defines no such header. This one follows Stripe's ``Idempotent-Replayed``.
REPLAYED = "Idempotency-Replayed"

_LIFETIME = timedelta(hours=24)
_KEY = re.compile(r"[!-~]{1,255}")
_GUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_IN_PATH_AND_QUERY = re.compile(_GUID)
# A JSON string that consists of GUIDs. One within a text is part of the text, where case counts.
_IN_BODY = re.compile(rf'"[\s,]*{_GUID}(?:[\s,]+{_GUID})*[\s,]*"'.encode())
_MAX_STORED = 350_000  # a DynamoDB item has at most 400 KB
_EXPIRES = "expires"
# The property of responses that must not be stored.
_SECRET = "secret"  # noqa: S105 - a name

Response = dict[str, Any]
# Returns the secret of a response from the site's id, the id in the response, and the id that the request gave away.
FindSecret = Callable[[str, str, str], str | None]


@dataclass(frozen=True)
class KeyedRequest:
    """A request with an ``Idempotency-Key``.

    Attributes:
        site_id: the caller's site.
        scope: site, method and route; the same key in another scope is another key.
        key: the key.
        fingerprint: the hash of the request; see :func:`_fingerprint`.
    """

    site_id: str
    scope: str
    key: str
    fingerprint: str

    @classmethod
    def of(cls, event: Mapping[str, Any], caller: Caller, key: str) -> KeyedRequest:
        """Build the keyed request of an event.

        Raises:
            ValidationFailed: the key is empty, too long or not printable ASCII.
        """
        if not _KEY.fullmatch(key):
            raise ValidationFailed.at("/Idempotency-Key", "must have 1 to 255 printable ASCII characters and no spaces")
        scope = f"{caller.site_id}#{event['httpMethod']} {event['resource']}"
        return cls(caller.site_id, scope, key, _fingerprint(event, caller))

    def new_id(self) -> str:
        """Return the id of what the request creates, the same for every attempt within 24 hours."""
        now = clock.now()
        key = {"pk": f"{self.scope}#{hashlib.sha256(self.key.encode()).hexdigest()}#IDS"}
        seed = dynamo.Update().set("seed", str(uuid.uuid4())).set(_EXPIRES, int((now + _LIFETIME).timestamp()))
        try:
            item = dynamo.update(
                settings().requests_table,
                key,
                seed,
                {":now": int(now.timestamp())},
                condition=f"attribute_not_exists(pk) OR #{_EXPIRES} < :now",
            )
        except dynamo.ConditionFailed as existing:
            item = existing.item
        # After an error, a different request may use the same key. It creates another resource, with another id.
        return str(uuid.uuid5(uuid.UUID(item["seed"]), self.fingerprint))

    def resolve_once(
        self, context: LambdaContext, resolve: Callable[[], Response], find_secret: FindSecret | None = None
    ) -> Response:
        """Return the stored response of an earlier attempt, or call ``resolve`` and store its response.

        An error releases the key. A success that is too large for an item, or redirects to a short-lived URL, is not stored; a
        repeated request calls ``resolve`` again.

        Args:
            find_secret: finds the secret of a response that has one; ``None`` if no response of the endpoint has one.

        Raises:
            Conflict: the first request is in flight (``request_in_progress``).
            Unprocessable: the key was used with another request.
        """
        responses: list[Response] = []

        def respond(*, data: Mapping[str, str]) -> Response | None:
            responses.append(resolve())
            if responses[0]["statusCode"] >= 400:
                raise _ErrorResponse
            return _without_secret(responses[0]) if _is_storable(responses[0]) else None

        config = _config(context, lambda stored: self._with_secret(stored, find_secret) if stored else resolve())
        once = idempotent_function(
            respond, data_keyword_argument="data", persistence_store=_store(), config=config, key_prefix=self.scope
        )
        try:
            with _api_errors():
                stored = once(data={"key": self.key, "request": self.fingerprint})
        except _ErrorResponse:
            pass
        except IdempotencyPersistenceLayerError:
            if not responses:
                raise
            # The work is done, so the client gets its response. A repeated request finds the resource by its id.
            logger().exception("the response could not be stored")
        return responses[0] if responses else stored

    def _with_secret(self, stored: Response, find_secret: FindSecret | None) -> Response:
        body = orjson.loads(stored["body"]) if find_secret else None
        if not find_secret or not isinstance(body, dict) or _SECRET not in body:
            return stored
        secret = find_secret(self.site_id, body["id"], self.new_id())
        return {**stored, "body": orjson.dumps({**body, _SECRET: secret}).decode()}


@contextlib.contextmanager
def _api_errors() -> Iterator[None]:
    """Convert the refusals of Powertools into errors of the API."""
    try:
        yield
    except (IdempotencyAlreadyInProgressError, IdempotencyInconsistentStateError) as error:
        message = "The first request with this Idempotency-Key is still in progress. Wait, then repeat the request."
        raise Conflict(message, code="request_in_progress") from error
    except IdempotencyValidationError as error:
        raise Unprocessable("This Idempotency-Key was used with another request. Use a new key.") from error


def _without_secret(response: Response) -> Response:
    if f'"{_SECRET}"' not in (response["body"] or ""):
        return response
    body = orjson.loads(response["body"])
    if not isinstance(body, dict) or _SECRET not in body:
        return response
    return {**response, "body": orjson.dumps({**body, _SECRET: None}).decode()}


class _ErrorResponse(Exception):
    """The response is an error, which must not be stored."""


def _config(context: LambdaContext, replay: Callable[[Response | None], Response]) -> IdempotencyConfig:
    def with_replayed_header(stored: Response | None, _record: object) -> Response:
        response = replay(stored)
        return {**response, "multiValueHeaders": {**response["multiValueHeaders"], REPLAYED: ["true"]}}

    return IdempotencyConfig(
        event_key_jmespath="key",
        payload_validation_jmespath="request",
        expires_after_seconds=int(_LIFETIME.total_seconds()),
        hash_function="sha256",
        lambda_context=context,
        response_hook=with_replayed_header,  # type: ignore[arg-type] # the protocol's parameters have other names
    )


def _is_storable(response: Response) -> bool:
    return response["statusCode"] < 300 and len(json.dumps(response)) <= _MAX_STORED


@cache
def _store() -> DynamoDBPersistenceLayer:
    return DynamoDBPersistenceLayer(settings().requests_table, key_attr="pk", expiry_attr=_EXPIRES, boto3_client=aws.dynamodb())


def _fingerprint(event: Mapping[str, Any], caller: Caller) -> str:
    """Return the hash of path, query, body and scopes. With the scopes, a key with fewer of them cannot read a stored response.

    GUIDs count in any case, as everywhere.
    """
    query = event.get("multiValueQueryStringParameters")
    head = json.dumps([canonical_path(event), query, sorted(caller.scopes)], sort_keys=True)
    head = _IN_PATH_AND_QUERY.sub(lambda guid: guid[0].lower(), head)
    return hashlib.sha256(head.encode() + b"\n" + _comparable_body(event)).hexdigest()


def _comparable_body(event: Mapping[str, Any]) -> bytes:
    """Return what a body says, however a client writes it: another attempt may have another order, white space or boundary."""
    if isinstance(event.get("body"), Mapping):
        return _comparable_form(event["body"])
    body = raw_body(event)
    with contextlib.suppress(ValidationFailed):  # the request is refused, and no response is stored
        body = orjson.dumps(parsing.parse_json(body), option=orjson.OPT_SORT_KEYS) if body else body
    return _IN_BODY.sub(lambda guids: guids[0].lower(), body)


def _comparable_form(form: Mapping[str, UploadFile | str | None]) -> bytes:
    return orjson.dumps(sorted([name, *_comparable_part(value)] for name, value in form.items()))


def _comparable_part(value: UploadFile | str | None) -> list[str]:
    if isinstance(value, UploadFile):
        return [value.filename or "", value.content_type or "", hashlib.sha256(value.content).hexdigest()]
    return ["", "", hashlib.sha256((value or "").encode()).hexdigest()]
