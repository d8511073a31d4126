"""One try to tell a customer of a message's newest state (contract, Callbacks), by whoever may: see :mod:`.state`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

import orjson

from outreach import clock, wire
from outreach.callbacks import endpoint, parking, schedule, signing
from outreach.callbacks.endpoint import Answer, Delivered, Failed, Gone
from outreach.callbacks.parking import Change, Endpoint
from outreach.callbacks.state import Attempt, Outcome, State
from outreach.campaigns import records
from outreach.campaigns.records import Record
from outreach.correspondence.bodies import MessageResponse, OutboundMessageResponse
from outreach.errors import NotFound
from outreach.messages import store as messages
from outreach.messages.models import Kind, Message
from outreach.messages.status import Status
from outreach.observability import count, logger
from outreach.sites import secrets
from outreach.sites import store as sites
from outreach.sites.models import Site

# An endpoint that wants no more of a message has been told everything.
EVERYTHING = 1_000_000

_SHARED_SECONDS = 60

_SHOWN: dict[Kind, Callable[[Message, Record | None], wire.Response]] = {
    Kind.OUTREACH: MessageResponse.of,
    Kind.OUTBOUND: lambda message, _: OutboundMessageResponse.of(message),
}


@dataclass(frozen=True)
class News:
    """A message with the address that wants to know of it."""

    message: Message
    record: Record | None
    url: str
    allow_private: bool

    @property
    def endpoint_id(self) -> str:
        return parking.endpoint_id(self.message.site_id, self.url)


def read(site_id: str, message_ids: Iterable[str], *, consistent: bool = True) -> dict[str, News]:
    """The newest states of messages, by id, without those that nobody is to be told of, or not any more."""
    found = messages.get_many(site_id, message_ids, consistent=consistent)
    news = {message_id: _news(message) for message_id, message in found.items()}
    return {message_id: entry for message_id, entry in news.items() if entry}


def _news(message: Message) -> News | None:
    try:
        record, site = shared(message.site_id, message.record_id, int(clock.now().timestamp()) // _SHARED_SECONDS)
    except NotFound:
        return None
    url = message.callback_url or (record.callback_url if record else None)
    return News(message, record, url, site.private_callbacks) if url and message.status is not Status.SKIPPED else None


@lru_cache(maxsize=256)
def shared(site_id: str, record_id: str | None, _period: int) -> tuple[Record | None, Site]:
    """What messages have in common, read once in each period; of a record nothing is told that ever changes.

    Raises:
        NotFound: there is no such record or site; asked again, it is looked for again.
    """
    return records.get(site_id, record_id) if record_id else None, sites.get_site(site_id)


def post(news: News) -> Answer:
    """Post the message as it stands, signed; its id is the same on each try of one state."""
    message = news.message
    body = callback_body(message, news.record)
    headers = signing.headers(f"{message.id}-{message.sequence}", body, clock.now(), secrets.callback_secrets(message.site_id))
    answer = endpoint.post(news.url, body, headers, allow_private=news.allow_private)
    if isinstance(answer, Failed):
        count("CallbacksFailed")
    logger().info(
        "callback", message_id=message.id, site_id=message.site_id, sequence=message.sequence, answer=type(answer).__name__
    )
    return answer


def callback_body(message: Message, record: Record | None) -> bytes:
    """The object of the specification (Outreach or Outbound Message Callback) plus ``siteId``, and ``sequence`` as the order."""
    shown = _SHOWN[message.kind](message, record).model_dump(mode="json", by_alias=True)
    return orjson.dumps({**shown, "siteId": message.site_id, "sequence": message.sequence})


def concluded(held: State, endpoint_id: str, sequence: int | None, answer: Answer) -> Change:
    """What an answer makes of a message's state: told, to be tried again, or given up."""
    now = clock.now()
    attempt = Attempt(clock.timestamp(now), Outcome.DELIVERED, sequence)
    match answer:
        case Delivered(status):
            return ended(held, replace(attempt, status=status), told=sequence)
        case Gone():
            return ended(held, replace(attempt, outcome=Outcome.GONE, status=410, reason="HTTP 410"), told=EVERYTHING)
        case Failed(reason, status, retry_after):
            due = schedule.next_try(endpoint_id, held.tries + 1, now.timestamp(), retry_after)
            failed = replace(attempt, status=status, reason=reason)
            if due is None or now.timestamp() - _since(held) >= schedule.PATIENCE_SECONDS:
                return ended(held, replace(failed, outcome=Outcome.GIVEN_UP))
            return parked(held, endpoint_id, due, replace(failed, outcome=Outcome.FAILED), tries=held.tries + 1)


def postponed(held: State, at: Endpoint) -> Change:
    """The message waits without a try for an endpoint that is down."""
    now = clock.now()
    attempt = Attempt(clock.timestamp(now), Outcome.POSTPONED, reason="the endpoint is down")
    wakes_at = clock.timestamp(clock.from_epoch(at.wakes_at))
    return parked(held, at.id, int(now.timestamp()), replace(attempt, next_attempt_at=wakes_at), tries=held.tries)


def parked(held: State, endpoint_id: str, due: int, attempt: Attempt, *, tries: int) -> Change:
    """The message waits at an endpoint until it is due."""
    noted = replace(attempt, next_attempt_at=attempt.next_attempt_at or clock.timestamp(clock.from_epoch(due)))
    return Change(held, replace(_free(held, noted), endpoint_id=endpoint_id, due=due, since=_since(held), tries=tries))


def ended(held: State, attempt: Attempt | None, *, told: int | None = None) -> Change:
    """The message waits for nothing any more, until it has a new state."""
    after = replace(_free(held, attempt), endpoint_id=None, due=None, since=None, tries=0)
    return Change(held, after if told is None else replace(after, told=told))


def _since(held: State) -> int:
    return int(clock.now().timestamp()) if held.since is None else held.since


def _free(held: State, attempt: Attempt | None) -> State:
    return replace(held, lease_until=0, attempts=(*held.attempts, *([attempt] if attempt else [])))
