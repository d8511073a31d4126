"""Sets up the system in one process: the template's tables, the functions' variables, a site, contacts, a carrier and a clock."""

from __future__ import annotations

import io
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import requests
from aws_lambda_powertools.utilities import parameters
from botocore.awsrequest import AWSPreparedRequest
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from benchmarks import handlers
from benchmarks.handlers import CpuTime, HandlerProcess, Run
from benchmarks.local_aws.dynamodb import DynamoDB
from benchmarks.local_aws.server import Answer, LocalAws
from benchmarks.local_aws.tables import Table
from benchmarks.servers import Servers, serving
from outreach import aws as aws_clients
from outreach import clock, dynamo
from outreach.callbacks import callback_request, delivery_attempt
from outreach.carriers import carrier_http
from outreach.contacts.contact_documents import item_of
from outreach.contacts.listing import contact_counts
from outreach.contacts.models import Contact, FieldKey, Identity, IdentityType, identity_id, new_contact_id
from outreach.inbound import authentication
from outreach.observability import logger
from outreach.settings import settings
from outreach.sites.models import Site
from tests.support import pipeline, template
from tests.support.functions import Context
from tests.support.pipeline import SITE

_EPOCH = datetime(2026, 1, 5, 12, tzinfo=UTC).timestamp()
_CONTACTS_PER_BATCH = 5_000
_CITIES = ("Kigali", "Oslo", "Lima", "Osaka", "Turin")


@dataclass
class Clock:
    """The system's clock, which the benchmark advances instead of waiting."""

    seconds: float = _EPOCH

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def time(self) -> float:
        return self.seconds

    def set(self, seconds: float) -> None:
        self.seconds = seconds


@dataclass
class Carrier:
    """Simulates Twilio's HTTP API: accepts every message.

    Attributes:
        latency: seconds until the response.
        accepted: the number of accepted messages.
        cpu_seconds: CPU time that the responses took.
    """

    latency: float = 0.0
    accepted: int = 0
    cpu_seconds: float = 0.0

    def accept(self) -> bytes:
        """Accept a message; return the body of the response."""
        self.accepted += 1
        return b'{"sid": "SM%032x", "status": "queued", "error_code": null, "num_segments": "1"}' % self.accepted

    def send(self, request: requests.PreparedRequest) -> requests.Response:
        """Answer a request to send a message."""
        started = time.thread_time()
        response = requests.Response()
        response.status_code = 201
        response.raw = HTTPResponse(io.BytesIO(self.accept()), preload_content=False)
        response.url = str(request.url)
        response.request = request
        response.headers["Content-Type"] = "application/json"
        if self.latency:
            time.sleep(self.latency)
        self.cpu_seconds += time.thread_time() - started
        return response

    def respond(self, _: AWSPreparedRequest) -> Answer:
        """Answer a request to send a message over a socket."""
        return 201, {"Content-Type": "application/json"}, self.accept()


@dataclass
class SimulatedSystem:
    """The simulated AWS, the clock, the carrier and the number of contacts.

    If HTTP goes over sockets, also the servers, and the process in which the handlers run.
    """

    aws: LocalAws
    clock: Clock
    carrier: Carrier = field(default_factory=Carrier)
    contacts: int = 0
    servers: Servers | None = None
    process: HandlerProcess | None = None

    def run(self, function: str, event: Any, context: Context) -> Run:
        """Invoke the function of the folder ``functions/<function>``."""
        if self.process:
            return self.process.run(self.clock.seconds, function, event, context)
        return handlers.run(function, event, context, self.simulated_cpu_seconds)

    def measure_cpu(self) -> AbstractContextManager[CpuTime]:
        """Measure the CPU time of the code inside, without that of the simulated services and without garbage collection."""
        return handlers.measure_cpu(self.simulated_cpu_seconds)

    def simulated_cpu_seconds(self) -> float:
        """Return the CPU time that the simulated services have taken in this process, if they do not answer over sockets."""
        return self.aws.cpu_seconds + self.carrier.cpu_seconds

    def add_contacts(self, count: int) -> None:
        """Write typical contacts with 12 fields and 2 identities directly to the table, and update the site's counters."""
        table = self.aws.dynamodb.tables[settings().contacts_table]
        numbers = range(self.contacts, self.contacts + count)
        for batch in dynamo.chunks(numbers, _CONTACTS_PER_BATCH):
            for number in batch:
                item: Any = dynamo.to_item(item_of(typical_contact(number), settings().contact_shards))
                table.replace(table.key_of(item), None, item)
            contact_counts.apply_stream_records(change.record() for change in table.take_changes())
        self.contacts += count


@contextmanager
def new_system(*, over_sockets: bool = False) -> Iterator[SimulatedSystem]:
    """A new system with one site and a Twilio account that sends a hundred messages per second.

    Args:
        over_sockets: whether AWS, the carrier and the customer are servers that answer over TLS on the loopback interface.
            Then the handlers run in a process of their own. If not, all is one process, the services answer below botocore and
            requests, and HTTP takes no time.
    """
    simulated_clock = Clock()
    tables = {name: Table.of_template(name, entry) for name, entry in template.resources(template.TABLE).items()}
    aws = LocalAws(DynamoDB(tables), simulated_clock.time)
    system = SimulatedSystem(aws, simulated_clock)
    with ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, _environment()))
        stack.enter_context(patch.object(clock, "now", simulated_clock.now))
        if over_sockets:
            system.servers = stack.enter_context(serving({"amazonaws.com": aws.respond, "twilio.com": system.carrier.respond}))
        else:
            stack.enter_context(patch.object(HTTPAdapter, "send", lambda _adapter, request, **_: system.carrier.send(request)))
            stack.enter_context(aws.serving())
        log = stack.enter_context(Path(os.devnull).open("w"))
        stack.enter_context(patch.object(logger().registered_handler, "stream", log))
        _clear_caches()
        stack.callback(_clear_caches)
        if over_sockets:
            system.process = HandlerProcess(simulated_clock.set)
            stack.callback(system.process.stop)
        pipeline.put_site(Site(SITE))
        yield system


def typical_contact(number: int) -> Contact:
    """An invented contact, always the same for a number."""
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


def _clear_caches() -> None:
    """Clear everything that the process has cached from another system."""
    settings.cache_clear()
    aws_clients._client.cache_clear()
    carrier_http._session.cache_clear()
    authentication.cached_account.cache_clear()
    delivery_attempt.record_and_site.cache_clear()
    callback_request.kept_connections.cache_clear()
    parameters.clear_caches()  # type: ignore[no-untyped-call]
