"""``Idempotency-Key``: who asks again gets the first answer, and nothing happens twice (contract, JSON conventions).

The rules are those of the Internet-Draft "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-header,
section 2): 422 for a key with another request, 409 while the first one is in flight. Imported only for requests with a key.

=====================================  =============================================================
pk (requests table)                    item
=====================================  =============================================================
``<site>#<method> <route>#<sha256>``   the request and its answer, as Powertools keeps them
the same, ``#IDS``                     ``seed`` of the ids that the request gives to what it creates
=====================================  =============================================================

A try that died leaves no answer, so the next one does everything again. It finds what was made by its id: that derives from the
seed, which outlives failed tries, and writes of what is there already change nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import orjson
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent_function
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyInconsistentStateError,
    IdempotencyPersistenceLayerError,
    IdempotencyValidationError,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import aws, clock, dynamo
from outreach.errors import Conflict, Unprocessable, ValidationFailed
from outreach.http.caller import Caller
from outreach.http.requests import canonical_path, header
from outreach.observability import logger
from outreach.settings import settings

# No standard names it; after Stripe's ``Idempotent-Replayed``, in the spelling of the request's header.
REPLAYED = "Idempotency-Replayed"

_LIFE = timedelta(hours=24)
_KEY = re.compile(r"[!-~]{1,255}")
_BOUNDARY = re.compile(r'boundary="?([^";,]+)', re.IGNORECASE)
_MAX_KEPT = 350_000  # an item has at most 400 KB
_EXPIRES = "expires"

Answer = dict[str, Any]


@dataclass(frozen=True)
class KeyedRequest:
    """A request under a key.

    Attributes:
        name: what the key stands for: no other site's request or other route's has the same.
        request: fingerprint of what is asked.
    """

    name: str
    key: str
    request: str

    @classmethod
    def of(cls, event: Mapping[str, Any], who: Caller, key: str) -> KeyedRequest:
        """
        Raises:
            ValidationFailed: the key is empty, too long or no printable ASCII.
        """
        if not _KEY.fullmatch(key):
            raise ValidationFailed.at("Idempotency-Key", "must have 1 to 255 printable ASCII characters, and no blanks")
        return cls(f"{who.site_id}#{event['httpMethod']} {event['resource']}", key, _fingerprint(event, who))

    def new_id(self) -> str:
        """The id of what the request creates, the same at every try within 24 hours."""
        now = clock.now()
        key = {"pk": f"{self.name}#{hashlib.sha256(self.key.encode()).hexdigest()}#IDS"}
        values = {
            ":seed": str(uuid.uuid4()),
            ":expires": int((now + _LIFE).timestamp()),
            ":now": int(now.timestamp()),
        }
        try:
            item = dynamo.update(
                settings().requests_table,
                key,
                f"SET seed = :seed, {_EXPIRES} = :expires",
                values,
                condition=f"attribute_not_exists(pk) OR {_EXPIRES} < :now",
            )
        except dynamo.ConditionFailed as known:
            item = known.item
        # Another request under the same key, after a refusal of this one, makes another thing.
        return str(uuid.uuid5(uuid.UUID(item["seed"]), self.request))

    def once(self, context: LambdaContext, resolve: Callable[[], Answer]) -> Answer:
        """The answer of ``resolve``, or the one that it gave before.

        An error frees the key. A success whose answer doesn't fit into an item, or leads elsewhere for a short while, isn't
        kept but found anew.

        Raises:
            Conflict: the first request is in flight (``request_in_progress``).
            Unprocessable: the first request was another one.
        """
        given: list[Answer] = []

        def answer(*, data: Mapping[str, str]) -> Answer | None:
            given.append(resolve())
            if given[0]["statusCode"] >= 400:
                raise _Refused
            return given[0] if _is_kept(given[0]) else None

        config = _config(context, lambda kept: kept or resolve())
        try:
            kept = idempotent_function(
                answer, data_keyword_argument="data", persistence_store=_store(), config=config, key_prefix=self.name
            )(data={"key": self.key, "request": self.request})
        except (IdempotencyAlreadyInProgressError, IdempotencyInconsistentStateError) as error:
            raise Conflict("The first request with this Idempotency-Key is in flight.", code="request_in_progress") from error
        except IdempotencyValidationError as error:
            raise Unprocessable from error
        except _Refused:
            pass
        except IdempotencyPersistenceLayerError:
            if not given:
                raise
            # It has happened, and the client must know. Who asks again finds it by its id.
            logger().exception("an answer could not be kept")
        return given[0] if given else kept


class _Refused(Exception):
    """The answer is an error."""


def _config(context: LambdaContext, replay: Callable[[Answer | None], Answer]) -> IdempotencyConfig:
    def marked(kept: Answer | None, _record: object) -> Answer:
        answer = replay(kept)
        return {**answer, "multiValueHeaders": {**answer["multiValueHeaders"], REPLAYED: ["true"]}}

    return IdempotencyConfig(
        event_key_jmespath="key",
        payload_validation_jmespath="request",
        expires_after_seconds=int(_LIFE.total_seconds()),
        hash_function="sha256",
        lambda_context=context,
        response_hook=marked,  # type: ignore[arg-type] # a protocol that names the parameters otherwise
    )


def _is_kept(answer: Answer) -> bool:
    return answer["statusCode"] < 300 and len(json.dumps(answer)) <= _MAX_KEPT


@cache
def _store() -> DynamoDBPersistenceLayer:
    return DynamoDBPersistenceLayer(settings().requests_table, key_attr="pk", expiry_attr=_EXPIRES, boto3_client=aws.dynamodb())


def _fingerprint(event: Mapping[str, Any], who: Caller) -> str:
    """What distinguishes requests. The scopes too: a key of fewer must not read what another one was answered."""
    raw = event.get("body") or ""
    body = base64.b64decode(raw) if event.get("isBase64Encoded") else raw.encode()
    if boundary := _BOUNDARY.search(header(event, "Content-Type") or ""):
        body = body.replace(boundary[1].encode(), b"")  # clients draw a new one for each try
    query = event.get("multiValueQueryStringParameters")
    asked = orjson.dumps([canonical_path(event), query, sorted(who.scopes)], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(asked + b"\n" + body).hexdigest()
