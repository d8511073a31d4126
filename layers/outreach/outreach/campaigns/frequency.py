"""The frequency cap: how often campaigns may write to one contact, whichever of them are released at the same moment.

A contact's messages are what counts. Those that are about to be created are *promises*: an item a contact names the records that
have been promised one lately. It is written on condition of its version, so that of two releases one sees what the other was
promised. Without a cap nothing of it is read or written.

``SITE#<site>#PROMISES#<contact>``, ``PROMISES`` in the campaigns table: ``records``, from record to the Unix time of its promise.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from outreach import clock, dynamo
from outreach.campaigns.records import Record
from outreach.messages import store as messages
from outreach.messages.models import campaign_message_id
from outreach.messages.status import Status
from outreach.settings import settings
from outreach.sites.models import FrequencyCap

# A message is created moments after its promise. One that was not by then is none, for its release broke.
_PROMISE_SECONDS = 3_600

_CONCURRENT = 16
_MAX_RACES = 20


def promise(record: Record, cap: FrequencyCap, contact_ids: Iterable[str]) -> set[str]:
    """Promise messages of a record to contacts; repeated, a promise is the same one.

    Returns:
        The contacts that have not had as many messages as they may get.

    Raises:
        RuntimeError: other releases were faster every time.
    """
    wanted = list(contact_ids)
    with ThreadPoolExecutor(_CONCURRENT) as pool:
        promised = pool.map(partial(_promise, record, cap), wanted)
        return {contact_id for contact_id, is_promised in zip(wanted, promised, strict=True) if is_promised}


def _promise(record: Record, cap: FrequencyCap, contact_id: str) -> bool:
    now = int(clock.now().timestamp())
    for _ in range(_MAX_RACES):
        version, known = _read(record.site_id, contact_id)
        others = {id_: time for id_, time in known.items() if id_ != record.id and time > now - _PROMISE_SECONDS}
        if _messages(record, cap, contact_id, others) >= cap.messages:
            return False
        if _write(record.site_id, contact_id, others | {record.id: now}, version):
            return True
    raise RuntimeError(f"the promises to contact {contact_id} are contended")


def _messages(record: Record, cap: FrequencyCap, contact_id: str, promised: Collection[str]) -> int:
    """How many messages a contact has had or will have from others; rows are read only where their keys are enough."""
    since = clock.timestamp(clock.now() - timedelta(days=cap.days))
    ids = {*messages.ids_of_contact(record.site_id, contact_id, since=since)}
    ids |= {campaign_message_id(other, contact_id) for other in promised}
    ids.discard(campaign_message_id(record.id, contact_id))
    if len(ids) < cap.messages:
        return len(ids)
    rows = messages.get_many(record.site_id, ids, consistent=True)
    return sum(id_ not in rows or rows[id_].status is not Status.SKIPPED for id_ in ids)


def _read(site_id: str, contact_id: str) -> tuple[int, Mapping[str, int]]:
    item = dynamo.get(settings().campaigns_table, _key(site_id, contact_id), consistent=True)
    return (item["version"], item["records"]) if item else (0, {})


def _write(site_id: str, contact_id: str, promised: Mapping[str, int], seen: int) -> bool:
    expires = max(promised.values()) + _PROMISE_SECONDS
    item = {**_key(site_id, contact_id), "records": dict(promised), "version": seen + 1, "expires": expires}
    return dynamo.put_version(settings().campaigns_table, item, seen)


def _key(site_id: str, contact_id: str) -> dict[str, str]:
    return {"pk": f"SITE#{site_id}#PROMISES#{contact_id}", "sk": "PROMISES"}
