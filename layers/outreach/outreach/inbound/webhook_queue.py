"""Webhooks whose signature cannot be verified yet, because the channel account or its credentials cannot be read.

They wait in the queue of inbound messages, because a carrier repeats a webhook only a few times (docs/decisions.md, "A webhook
that cannot be verified yet is queued").
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Collection
from dataclasses import dataclass, replace

import orjson

from outreach import clock, sqs
from outreach.carriers import registry
from outreach.carriers.webhook_messages import CarrierWebhook
from outreach.errors import Unavailable
from outreach.settings import settings
from outreach.sites import secrets
from outreach.sites.models import Carrier
from outreach.tolerant_reader import known

# SQS charges 64 KB as one request. A carrier's webhook has some 20 KB at most: ten files, and 1,600 characters of a form.
MAX_BYTES = 64 * 1024


@dataclass(frozen=True)
class WebhookJob:
    """A carrier's webhook with what its path says.

    Attributes:
        account_id: the id of a channel account in the path, which may not exist.
        message_id: the id of the message that a receipt is for; ``None`` for an inbound message.
        site_id: the site of the account; empty if the account has not been read.
    """

    carrier: Carrier
    account_id: str
    message_id: str | None
    webhook: CarrierWebhook
    site_id: str = ""

    @classmethod
    def from_json(cls, body: str) -> WebhookJob:
        """Read the body of a queue message."""
        values = orjson.loads(body)
        webhook = known(CarrierWebhook, values["webhook"])
        webhook |= {"body": b64decode(webhook["body"]), "received": clock.from_timestamp(webhook["received"])}
        return cls(**known(cls, values) | {"carrier": Carrier(values["carrier"]), "webhook": CarrierWebhook(**webhook)})

    def to_json(self) -> str:
        """Return the body of a queue message, with the headers that the signature needs and no others."""
        headers = self.webhook.headers
        signed = {name: headers[name] for name in registry.entry(self.carrier).client().SIGNATURE_HEADERS if name in headers}
        webhook = {
            "url": self.webhook.url,
            "headers": signed,
            "body": b64encode(self.webhook.body).decode(),
            "received": clock.timestamp(self.webhook.received),
        }
        values = {"carrier": self.carrier, "site_id": self.site_id, "account_id": self.account_id, "message_id": self.message_id}
        return orjson.dumps({**values, "webhook": webhook}).decode()


def put(job: WebhookJob, site_id: str) -> None:
    """Queue a webhook.

    Args:
        site_id: the site of its channel account; empty if the account cannot be read.

    Raises:
        Unavailable: the webhook is larger than any of a carrier; the carrier must deliver it again.
        RuntimeError: SQS did not accept it; the carrier must deliver it again.
    """
    body = replace(job, site_id=site_id).to_json()
    if len(body.encode()) > MAX_BYTES:
        raise Unavailable(f"The webhook cannot be verified now and is too large to be queued (more than {MAX_BYTES} bytes).")
    # A group of its own: forged webhooks of an account delay neither the replies of its site nor other accounts.
    sqs.send(settings().inbound_queue_url, [sqs.QueueMessage(job.account_id, body)])


def load_credentials(jobs: Collection[WebhookJob]) -> None:
    """Read the credentials for webhooks of one batch together, because Parameter Store may be throttling."""
    secrets.load_accounts(sorted({(job.site_id, job.account_id) for job in jobs if job.site_id}))
