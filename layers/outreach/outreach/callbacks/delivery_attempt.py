"""One attempt to deliver a callback or an event: loads a subject's newest state, posts it, and derives the new delivery state.

Whether a subject may be delivered is decided before, by claiming it (:mod:`outreach.callbacks.delivery_state`). The functions
that return a :class:`StateChange` write nothing; the caller writes the change. See docs/api.md, "Callbacks", and
docs/api.md, "Events".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import orjson

from outreach import clock, wire
from outreach.callbacks import callback_request, delivery_state, endpoint_backlog, retry_schedule, signature
from outreach.callbacks.callback_request import Delivered, EndpointResponse, Failed, Gone
from outreach.callbacks.delivery_state import Attempt, AttemptOutcome, DeliveryState
from outreach.callbacks.endpoint_backlog import Endpoint, StateChange
from outreach.campaigns import campaign_records
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.errors import NotFound
from outreach.events import event_store, webhook_store
from outreach.events.models import EventDelivery, Webhook
from outreach.message_api.schemas import MessageResponse, OutboundMessageResponse
from outreach.messages import message_store
from outreach.messages.models import Kind, Message
from outreach.messages.status import MessageStatus
from outreach.observability import count, logger
from outreach.sites import secrets, site_store
from outreach.sites.models import Site

# The delivered sequence of a subject whose endpoint answered 410: higher than any real one, so nothing more is delivered.
_NO_MORE_CALLBACKS = 1_000_000

_CACHE_SECONDS = 60

_RESPONSES: dict[Kind, Callable[[Message, CampaignRecord | None], wire.Response]] = {
    Kind.OUTREACH: MessageResponse.of,
    Kind.OUTBOUND: lambda message, _: OutboundMessageResponse.of(message),
}


@dataclass(frozen=True)
class PendingCallback:
    """What to post about a subject, and where.

    Attributes:
        sequence: orders the states of the subject.
        webhook_id: the same for each attempt to deliver one state.
        body: makes the body of the request.
        secrets: reads the secrets that sign it.
    """

    site_id: str
    subject_id: str
    sequence: int
    url: str
    allow_private: bool
    webhook_id: str
    body: Callable[[], bytes]
    secrets: Callable[[], list[str]]

    @property
    def endpoint_id(self) -> str:
        return endpoint_backlog.id_of(self.site_id, self.url)


def load_pending(site_id: str, subject_ids: Iterable[str], *, consistent: bool = True) -> dict[str, PendingCallback]:
    """Return what to post about the newest states of subjects, by id, without those that have no callback or no longer exist."""
    deliveries = {subject_id: EventDelivery.parse(subject_id) for subject_id in subject_ids}
    message_ids = [subject_id for subject_id, delivery in deliveries.items() if delivery is None]
    messages = message_store.get_many(site_id, message_ids, consistent=consistent)
    callbacks = {
        **{message_id: _of_message(message) for message_id, message in messages.items()},
        **_of_deliveries(site_id, list(filter(None, deliveries.values())), consistent=consistent),
    }
    return {subject_id: callback for subject_id, callback in callbacks.items() if callback}


def _of_message(message: Message) -> PendingCallback | None:
    try:
        record, site = _shared(message.site_id, message.record_id)
    except NotFound:
        return None
    url = message.callback_url or (record.callback_url if record else None)
    if not url or message.status is MessageStatus.SKIPPED:
        return None
    return PendingCallback(
        message.site_id,
        message.id,
        message.sequence,
        url,
        site.private_callbacks,
        f"{message.id}-{message.sequence}",
        body=partial(callback_body, message, record),
        secrets=partial(secrets.callback_secrets, message.site_id),
    )


def _of_deliveries(site_id: str, deliveries: Sequence[EventDelivery], *, consistent: bool) -> dict[str, PendingCallback]:
    """Return what to post of events to webhooks. The body of an event is fixed when it is published."""
    if not deliveries:
        return {}
    bodies = event_store.get_bodies(site_id, {delivery.event_id for delivery in deliveries}, consistent=consistent)
    webhooks = {webhook.id: webhook for webhook in webhook_store.list_webhooks(site_id)}
    return {
        delivery.subject_id: PendingCallback(
            site_id,
            delivery.subject_id,
            EventDelivery.SEQUENCE,
            webhooks[delivery.webhook_id].url,
            _shared(site_id, None)[1].private_callbacks,
            delivery.event_id,
            body=partial(bodies.__getitem__, delivery.event_id),
            secrets=partial(_webhook_secrets, webhooks[delivery.webhook_id]),
        )
        for delivery in deliveries
        if delivery.event_id in bodies and delivery.webhook_id in webhooks
    }


def _webhook_secrets(webhook: Webhook) -> list[str]:
    ids = webhook.signing_secrets(clock.now().timestamp())
    return [secrets.webhook_secret(webhook.site_id, webhook.id, secret_id) for secret_id in ids]


def _shared(site_id: str, record_id: str | None) -> tuple[CampaignRecord | None, Site]:
    return record_and_site(site_id, record_id, int(clock.now().timestamp()) // _CACHE_SECONDS)


@lru_cache(maxsize=256)
def record_and_site(site_id: str, record_id: str | None, _period: int) -> tuple[CampaignRecord | None, Site]:
    """Return the record and the site that many messages share, cached for one period.

    A callback shows no attribute of the record that can change.

    Raises:
        NotFound: the record or the site does not exist; this is not cached.
    """
    record = campaign_records.get(site_id, record_id) if record_id else None
    return record, site_store.get_site(site_id)


def post_callback(callback: PendingCallback) -> EndpointResponse:
    """Sign and post a subject's state; all attempts of one state carry the same ``webhook-id``."""
    body = callback.body()
    headers = signature.headers(callback.webhook_id, body, clock.now(), callback.secrets())
    response = callback_request.post(callback.site_id, callback.url, body, headers, allow_private=callback.allow_private)
    if isinstance(response, Failed):
        count("CallbacksFailed")
    # At INFO, each batch has a line with the subjects that were attempted.
    log = logger().debug if isinstance(response, Delivered) else logger().info
    log(
        "callback",
        subject_id=callback.subject_id,
        site_id=callback.site_id,
        sequence=callback.sequence,
        answer=type(response).__name__,
    )
    return response


def callback_body(message: Message, record: CampaignRecord | None) -> bytes:
    """Return the message as the API shows it, with ``siteId``, and with ``sequence``, which orders its states."""
    response = _RESPONSES[message.kind](message, record).model_dump(mode="json", by_alias=True)
    return orjson.dumps({**response, "siteId": message.site_id, "sequence": message.sequence})


def apply_response(state: DeliveryState, endpoint_id: str, sequence: int | None, response: EndpointResponse) -> StateChange:
    """Derive the state after an endpoint's response: delivered, parked for a retry, or given up."""
    now = clock.now()
    attempt = Attempt(clock.timestamp(now), AttemptOutcome.DELIVERED, sequence)
    match response:
        case Delivered(status):
            return finish(state, replace(attempt, status=status), delivered_sequence=sequence)
        case Gone():
            gone = replace(attempt, outcome=AttemptOutcome.GONE, status=410, reason="HTTP 410")
            return finish(state, gone, delivered_sequence=_NO_MORE_CALLBACKS)
        case Failed(reason, status, retry_after):
            current = _with_schedule_of(state, sequence)
            attempt_count = current.attempt_count + 1
            next_attempt_at = retry_schedule.next_attempt(endpoint_id, attempt_count, now.timestamp(), retry_after)
            failed = replace(attempt, status=status, reason=reason)
            if next_attempt_at is None or now.timestamp() - _parked_since(current) >= retry_schedule.TOTAL_SECONDS:
                return finish(state, replace(failed, outcome=AttemptOutcome.GIVEN_UP))
            failed = replace(failed, outcome=AttemptOutcome.FAILED, next_attempt_at=_timestamp(next_attempt_at))
            return StateChange(state, _parked(current, endpoint_id, next_attempt_at, failed, attempt_count=attempt_count))


def _with_schedule_of(state: DeliveryState, sequence: int | None) -> DeliveryState:
    """Start a new schedule if ``sequence`` is newer than the state that the current schedule attempts."""
    if sequence is None or sequence <= state.scheduled_sequence:
        return state
    if state.scheduled_sequence < 0:
        return replace(state, scheduled_sequence=sequence)
    return replace(state, scheduled_sequence=sequence, attempt_count=0, parked_since=None)


def postpone(state: DeliveryState, endpoint: Endpoint) -> StateChange:
    """Park a callback without an attempt, because its endpoint is down."""
    now = clock.now()
    attempt = Attempt(
        clock.timestamp(now),
        AttemptOutcome.POSTPONED,
        reason="the endpoint is down",
        next_attempt_at=_timestamp(endpoint.wakes_at),
    )
    next_attempt_at = int(now.timestamp())
    return StateChange(state, _parked(state, endpoint.id, next_attempt_at, attempt, attempt_count=state.attempt_count))


def finish(state: DeliveryState, attempt: Attempt | None, *, delivered_sequence: int | None = None) -> StateChange:
    """End the retries of a callback; see :func:`outreach.callbacks.delivery_state.without_retries`."""
    return StateChange(state, delivery_state.without_retries(state, attempt, delivered_sequence=delivered_sequence))


def _parked(
    state: DeliveryState, endpoint_id: str, next_attempt_at: int, attempt: Attempt, *, attempt_count: int
) -> DeliveryState:
    return replace(
        delivery_state.without_claim(state, attempt),
        endpoint_id=endpoint_id,
        next_attempt_at=next_attempt_at,
        parked_since=_parked_since(state),
        attempt_count=attempt_count,
    )


def _parked_since(state: DeliveryState) -> int:
    return int(clock.now().timestamp()) if state.parked_since is None else state.parked_since


def _timestamp(seconds: int) -> str:
    return clock.timestamp(clock.from_epoch(seconds))
