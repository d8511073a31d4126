"""The callback queue: messages with a new status, and events, to deliver to the customer.

Up to twenty jobs of a site share a queue message. They cost the requests of one, and an invocation delivers them side by side.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

import orjson

from outreach import dynamo, sqs
from outreach.events.models import EventDelivery
from outreach.messages.models import Message
from outreach.settings import settings
from outreach.tolerant_reader import known

JOBS_PER_MESSAGE = 20


@dataclass(frozen=True)
class CallbackJob:
    """A subject whose new state must be delivered; see :mod:`outreach.callbacks.delivery_state`.

    Attributes:
        sequence: the sequence of the status change; the subject may have a newer one by now.
        force: deliver at once, even if this state was delivered already or the subject is parked.
        is_last: whether the state is final, so that no newer one can follow.
    """

    site_id: str
    subject_id: str
    sequence: int
    force: bool = False
    is_last: bool = False


def from_json(body: str) -> list[CallbackJob]:
    """Return the jobs of a queue message. One of an earlier version is a single job, and may name the subject ``message_id``."""
    content = orjson.loads(body)
    return [_job(values) for values in (content if isinstance(content, list) else [content])]


def to_json(jobs: Iterable[CallbackJob]) -> str:
    """Return the body of a queue message with jobs of one site."""
    return orjson.dumps([asdict(job) for job in jobs]).decode()


def _job(values: dict[str, Any]) -> CallbackJob:
    return CallbackJob(
        **known(CallbackJob, {"subject_id" if name == "message_id" else name: value for name, value in values.items()})
    )


def put_status_changes(messages: Iterable[Message]) -> None:
    """Queue the newest status of each message for delivery.

    Raises:
        RuntimeError: SQS accepted only some jobs. Queue all of them again; duplicates are harmless.
    """
    put(CallbackJob(message.site_id, message.id, message.sequence, is_last=message.status.is_final) for message in messages)


def put_deliveries(site_id: str, deliveries: Iterable[EventDelivery], *, force: bool = False) -> None:
    """Queue events for delivery to webhooks.

    Raises:
        RuntimeError: SQS accepted only some jobs. Queue all of them again; duplicates are harmless.
    """
    sequence = EventDelivery.SEQUENCE
    put(CallbackJob(site_id, delivery.subject_id, sequence, force, is_last=True) for delivery in deliveries)


def put(jobs: Iterable[CallbackJob], *, delay_seconds: int = 0) -> None:
    """Put jobs on the queue.

    Raises:
        RuntimeError: SQS accepted only some jobs.
    """
    by_site = groupby(sorted(jobs, key=attrgetter("site_id")), key=attrgetter("site_id"))
    sqs.send(
        settings().callback_queue_url,
        (
            sqs.QueueMessage(site_id, to_json(chunk), delay_seconds)
            for site_id, site_jobs in by_site
            for chunk in dynamo.chunks(list(site_jobs), JOBS_PER_MESSAGE)
        ),
    )
