"""A stack in this process: the template's tables and the functions' environment, one site, contacts, a carrier, a clock."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import requests
from aws_lambda_powertools.utilities import parameters
from requests.adapters import HTTPAdapter

from benchmarks.local_aws.dynamodb import DynamoDB
from benchmarks.local_aws.server import LocalAws
from benchmarks.local_aws.tables import Table
from outreach import clock, dynamo
from outreach.callbacks import telling
from outreach.contacts import counting
from outreach.contacts.documents import item_of
from outreach.contacts.models import Contact, FieldKey, Identity, IdentityType, identity_id, new_contact_id
from outreach.delivery import receipts
from outreach.observability import logger
from outreach.settings import settings
from tests.support import pipeline, template
from tests.support.pipeline import SITE

_EPOCH = datetime(2026, 1, 5, 12, tzinfo=UTC).timestamp()
_CONTACTS_A_PORTION = 5_000
_CITIES = ("Kigali", "Oslo", "Lima", "Osaka", "Turin")


@dataclass
class Clock:
    """The system's clock: put forward instead of waited for."""

    seconds: float = _EPOCH

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def time(self) -> float:
        return self.seconds


@dataclass
class Carrier:
    """Twilio's side of HTTP: takes every message, after ``latency`` seconds.

    Attributes:
        cpu_seconds: that went into its answers.
    """

    latency: float = 0.0
    accepted: int = 0
    cpu_seconds: float = 0.0

    def send(self, adapter: HTTPAdapter, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        started = time.thread_time()
        self.accepted += 1
        answer = requests.Response()
        answer.status_code = 201
        answer._content = b'{"sid": "SM%032x", "status": "queued", "error_code": null, "num_segments": "1"}' % self.accepted
        answer._content_consumed = True  # type: ignore[attr-defined]
        answer.url = str(request.url)
        answer.request = request
        answer.headers["Content-Type"] = "application/json"
        if self.latency:
            time.sleep(self.latency)
        self.cpu_seconds += time.thread_time() - started
        return answer


@dataclass
class World:
    """All of it."""

    aws: LocalAws
    clock: Clock
    carrier: Carrier = field(default_factory=Carrier)
    contacts: int = 0

    def add_contacts(self, count: int) -> None:
        """Typical contacts, straight into the table: 12 fields and 2 identities each. The site's counters follow."""
        table = self.aws.dynamodb.tables[settings().contacts_table]
        numbers = range(self.contacts, self.contacts + count)
        for portion in dynamo.chunks(numbers, _CONTACTS_A_PORTION):
            for number in portion:
                item: Any = dynamo.to_item(item_of(typical_contact(number), settings().contact_shards))
                table.replace(table.key_of(item), None, item)
            counting.take_in(change.record() for change in table.take_changes())
        self.contacts += count


@contextmanager
def world() -> Iterator[World]:
    """A fresh stack with one site and one Twilio account of a hundred messages a second."""
    ours = Clock()
    tables = {name: Table.of_template(name, entry) for name, entry in template.resources(template.TABLE).items()}
    aws = LocalAws(DynamoDB(tables), ours.time)
    built = World(aws, ours)
    with ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, _environment()))
        stack.enter_context(patch.object(clock, "now", ours.now))
        stack.enter_context(
            patch.object(HTTPAdapter, "send", lambda adapter, request, **options: _carry(built, adapter, request))
        )
        stack.enter_context(aws.serving())
        log = stack.enter_context(Path(os.devnull).open("w"))
        stack.enter_context(patch.object(logger().registered_handler, "stream", log))
        _forget()
        stack.callback(_forget)
        pipeline.put_site()
        yield built


def typical_contact(number: int) -> Contact:
    """The ``number``-th of a sequence of invented people; the same one each time."""
    contact_id = new_contact_id(uuid.uuid5(uuid.NAMESPACE_OID, str(number)))
    created = clock.timestamp(clock.from_epoch(_EPOCH - 1_000_000 + number * 0.5))
    phone, mail = f"+1212{2_000_000 + number % 7_000_000}", f"person.{number}@mail.example"
    return Contact(
        id=contact_id,
        site_id=SITE,
        name=f"Person {number}",
        create_time=created,
        last_updated_time=created,
        values={FieldKey(name): value for name, value in _fields(number).items()},
        identities=(
            Identity(identity_id(contact_id, 1), IdentityType.SMS, phone, phone),
            Identity(identity_id(contact_id, 2), IdentityType.EMAIL, mail, mail),
        ),
        last_ordinal=2,
        version=1,
    )


def _fields(number: int) -> dict[str, Any]:
    return {
        "firstName": "Person",
        "lastName": f"Number {number}",
        "title": "Director of everything",
        "company": f"Company {number % 997} Ltd",
        "phone": f"+1 212 {2_000_000 + number % 7_000_000}",
        "mailingAddress": f"{number % 211} Long Street, Building {number % 7}",
        "city": _CITIES[number % len(_CITIES)],
        "stateOrProvince": "Province",
        "countryOrRegion": "Country",
        "postalOrZipCode": f"{number % 90_000 + 10_000}",
        "timeZone": "America/New_York",
        "description": "Met at the fair; asked for the catalogue and a call back in spring.",
    }


def _carry(built: World, adapter: HTTPAdapter, request: requests.PreparedRequest) -> requests.Response:
    return built.carrier.send(adapter, request)


def _environment() -> dict[str, str]:
    tables = {name: name for name in template.resources(template.TABLE)}
    queues = {name: f"https://sqs.us-east-1.amazonaws.com/123456789012/{name}" for name in template.resources(template.QUEUE)}
    buckets = {name: name.lower() for name in template.resources(template.BUCKET)}
    return {
        **template.function_environment(tables | queues | buckets),
        "POWERTOOLS_SERVICE_NAME": "outreach",
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def _forget() -> None:
    """What the process has cached of another stack."""
    settings.cache_clear()
    receipts.known_account.cache_clear()
    telling.shared.cache_clear()
    parameters.clear_caches()  # type: ignore[no-untyped-call]
