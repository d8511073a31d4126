"""The frequency cap: how many campaign messages a contact may get within some days.

The cap counts a contact's messages, with those of the contacts merged into it. Several campaigns may be released at the same
time, so a release first writes a *reservation* for each message that it is about to create. The reservations of a contact are one
item with a version: of two concurrent releases, the second sees the first one's reservation. A site without a cap neither reads
nor writes reservations.

=======================================  ================  =================================================================
pk                                       sk                item in the campaigns table
=======================================  ================  =================================================================
``SITE#<site>#RESERVATIONS#<contact>``   ``RESERVATIONS``  ``records``: the Unix time of each record's reservation;
                                                           ``version``; ``expires``
=======================================  ================  =================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from outreach import clock, dynamo
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.messages import message_index, message_store
from outreach.messages.models import Message, campaign_message_id
from outreach.messages.status import MessageStatus
from outreach.settings import settings
from outreach.sites.models import FrequencyCap

# A release creates the message moments after its reservation. After an hour without a message, the release must have crashed.
_RESERVATION_SECONDS = 3_600

_CONCURRENT_RESERVATIONS = 16

# The ids of contacts, each with those of the contacts merged into it.
Contacts = Mapping[str, Sequence[str]]

# Otherwise the cap would keep a resend from the contacts whose messages failed.
_NOT_RECEIVED = (MessageStatus.SKIPPED, MessageStatus.FAILED, MessageStatus.UNDELIVERED)


def reserve(record: CampaignRecord, cap: FrequencyCap, contacts: Contacts) -> set[str]:
    """Reserve one message of the record for each contact below the cap. Idempotent.

    Returns:
        The contacts that have a reservation; the others have reached the cap.

    Raises:
        RuntimeError: other releases won every attempt.
    """
    with ThreadPoolExecutor(_CONCURRENT_RESERVATIONS) as pool:
        is_reserved = pool.map(partial(_reserve, record, cap), contacts.keys(), contacts.values())
        return {contact_id for contact_id, reserved in zip(contacts, is_reserved, strict=True) if reserved}


def below(site_id: str, cap: FrequencyCap, contacts: Contacts) -> set[str]:
    """Return those of the contacts that are below the cap now. Reserves nothing."""
    items = dynamo.batch_get(settings().campaigns_table, [_key(site_id, contact_id) for contact_id in contacts])
    reservations = {item["pk"]: _valid(item["records"]) for item in items}

    def is_below(contact_id: str, merged_ids: Sequence[str]) -> bool:
        record_ids = reservations.get(_key(site_id, contact_id)["pk"], ())
        return _count_messages(site_id, cap, contact_id, merged_ids, record_ids) < cap.messages

    with ThreadPoolExecutor(_CONCURRENT_RESERVATIONS) as pool:
        are_below = pool.map(is_below, contacts.keys(), contacts.values())
        return {contact_id for contact_id, below_cap in zip(contacts, are_below, strict=True) if below_cap}


def _reserve(record: CampaignRecord, cap: FrequencyCap, contact_id: str, merged_ids: Sequence[str]) -> bool:
    now = int(clock.now().timestamp())

    def attempt() -> bool:
        version, reservations = _read(record.site_id, contact_id)
        others = {id_: time for id_, time in _valid(reservations).items() if id_ != record.id}
        if _count_messages(record.site_id, cap, contact_id, merged_ids, others, but=record.id) >= cap.messages:
            return False
        if not _write(record.site_id, contact_id, others | {record.id: now}, version):
            raise dynamo.WriteConflict
        return True

    return dynamo.retry_on_conflict(attempt, error=RuntimeError(f"the reservations of contact {contact_id} are contended"))


def _valid(reservations: Mapping[str, int]) -> dict[str, int]:
    start = clock.now().timestamp() - _RESERVATION_SECONDS
    return {record_id: time for record_id, time in reservations.items() if time > start}


def _count_messages(
    site_id: str,
    cap: FrequencyCap,
    contact_id: str,
    merged_ids: Sequence[str],
    record_ids: Iterable[str],
    *,
    but: str | None = None,
) -> int:
    """Count the contact's recent messages and reservations.

    Messages that did not reach the contact and tests of a campaign do not count. The rows that tell them apart are read only when
    the cap may be reached.

    Args:
        merged_ids: the contacts merged into it.
        record_ids: the records with a reservation.
        but: a record that does not count.
    """
    since = clock.timestamp(clock.now() - timedelta(days=cap.days))
    owners = (contact_id, *merged_ids)
    ids = {id_ for owner in owners for id_ in message_index.ids_of_contact(site_id, owner, since=since)}
    ids |= {campaign_message_id(record_id, contact_id) for record_id in record_ids}
    if but:
        ids.discard(campaign_message_id(but, contact_id))
    if len(ids) < cap.messages:
        return len(ids)
    rows = message_store.get_many(site_id, ids, consistent=True, texts=False)
    return sum(id_ not in rows or _counts(rows[id_]) for id_ in ids)


def _counts(message: Message) -> bool:
    return message.status not in _NOT_RECEIVED and not message.is_test


def _read(site_id: str, contact_id: str) -> tuple[int, Mapping[str, int]]:
    item = dynamo.get(settings().campaigns_table, _key(site_id, contact_id), consistent=True)
    return (item["version"], item["records"]) if item else (0, {})


def _write(site_id: str, contact_id: str, reservations: Mapping[str, int], version: int) -> bool:
    expires = max(reservations.values()) + _RESERVATION_SECONDS
    item = {**_key(site_id, contact_id), "records": dict(reservations), "version": version + 1, "expires": expires}
    return dynamo.put_version(settings().campaigns_table, item, version)


def _key(site_id: str, contact_id: str) -> dict[str, str]:
    return {"pk": f"SITE#{site_id}#RESERVATIONS#{contact_id}", "sk": "RESERVATIONS"}
