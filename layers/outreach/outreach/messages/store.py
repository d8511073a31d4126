"""The messages table: every change of a row is a conditional write. What a row looks like: :mod:`outreach.messages.rows`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

from outreach import clock, dynamo
from outreach.dynamo import ConditionFailed
from outreach.errors import NotFound
from outreach.messages import rows
from outreach.messages.models import ClaimState, Message
from outreach.messages.status import SkipReason, Status
from outreach.settings import settings

_CONCURRENT_WRITES = 16
# "status" is a reserved word of DynamoDB.
_NAMES = {"#status": "status"}
# Nobody is calling the carrier for it, and nobody has.
_WAITING = "claim.#state = :free AND #status IN (:queued, :sending)"
# SQS counts whole seconds, and its clock is not ours: a copy may come a moment before it is due.
_EARLY_SECONDS = 1


def create_many(messages: Sequence[Message]) -> list[Message]:
    """Create rows that do not exist yet; those that do are left as they are, however far they have come.

    One conditional PutItem each, many at a time: BatchWriteItem knows no conditions and would turn a delivered row into a
    queued one.

    Returns:
        Those whose rows existed already.
    """
    with ThreadPoolExecutor(_CONCURRENT_WRITES) as pool:
        created = pool.map(lambda message: dynamo.put_new(settings().messages_table, rows.to_row(message)), messages)
        return [message for message, is_new in zip(messages, created, strict=True) if not is_new]


def postpone(messages: Sequence[Message], slots: Sequence[float]) -> None:
    """Note that waiting messages have new slots (Unix times); the sweep must not take them for forgotten before those."""
    with ThreadPoolExecutor(_CONCURRENT_WRITES) as pool:
        list(pool.map(_postpone, messages, slots))


def _postpone(message: Message, slot: float) -> bool:
    values = {":until": round(slot), ":free": ClaimState.FREE}
    return _changed(
        message, "SET claim.#until = :until", values, "claim.#state = :free", {"#until": "until", "#state": "state"}, names={}
    )


def get(site_id: str, message_id: str) -> Message:
    """The message as it stands (a strongly consistent read).

    Raises:
        NotFound: the site has no such message.
    """
    row = dynamo.get(settings().messages_table, rows.key(site_id, message_id), consistent=True)
    if row is None:
        raise NotFound("There is no such message.")
    return rows.from_row(row)


def get_many(site_id: str, message_ids: Iterable[str], *, consistent: bool = False) -> dict[str, Message]:
    """The messages that exist, by id."""
    keys = [rows.key(site_id, message_id) for message_id in message_ids]
    found = dynamo.batch_get(settings().messages_table, keys, consistent=consistent)
    return {message.id: message for message in map(rows.from_row, found)}


def ids_of_contact(site_id: str, contact_id: str, *, since: str = "0") -> list[str]:
    """The ids of a contact's messages whose slot is not before ``since``, in the order of their slots."""
    return _ids(rows.contact_pk(site_id, contact_id), since)


def ids_of_person(site_id: str, contact_ids: Iterable[str], numbers: Iterable[str]) -> list[str]:
    """The ids of all messages to and from contacts, and of the outbound ones to numbers (E.164)."""
    of_contacts = [(rows.contact_pk(site_id, contact_id), rows.replies_pk(site_id, contact_id)) for contact_id in contact_ids]
    partitions = [*chain.from_iterable(of_contacts), *(rows.outbound_pk(site_id, number) for number in numbers)]
    return [message_id for partition in partitions for message_id in _ids(partition)]


def ids_of_ticket(site_id: str, ticket_id: str) -> list[str]:
    """The ids of the messages that are attached to a ticket, in the order of their slots."""
    keys = dynamo.query(
        settings().messages_table,
        IndexName="ticket",
        KeyConditionExpression="ticket_pk = :pk",
        ExpressionAttributeValues={":pk": rows.ticket_pk(site_id, ticket_id)},
    )
    return [key["contact_sk"].rsplit("#", 1)[1] for key in keys]


def unsettled(before: str) -> Iterator[tuple[str, str]]:
    """Site and id of every single message of every site that was due before a moment, and of which nobody knows the outcome."""
    for shard in range(rows.TIMELINE_SHARDS):
        keys = dynamo.query(
            settings().messages_table,
            IndexName="unsettled",
            KeyConditionExpression="unsettled = :shard AND contact_sk < :before",
            ExpressionAttributeValues={":shard": f"{shard:02}", ":before": before},
        )
        for key in keys:
            site_id, _, message_id = key["pk"].partition("#")
            yield site_id, message_id


def carrier_ids_of_others(message: Message) -> set[str]:
    """What the carriers call the other messages to this message's contact, and the outbound ones to its number."""
    ids = {*ids_of_contact(message.site_id, message.contact_id), *_ids(rows.outbound_pk(message.site_id, message.recipient))}
    others = get_many(message.site_id, ids - {message.id}, consistent=True)
    return {other.carrier_message_id for other in others.values() if other.carrier_message_id}


def _ids(contact_pk: str, since: str = "0") -> list[str]:
    keys = dynamo.query(
        settings().messages_table,
        IndexName="contact",
        KeyConditionExpression="contact_pk = :pk AND contact_sk >= :since",
        ExpressionAttributeValues={":pk": contact_pk, ":since": since},
    )
    return [key["contact_sk"].rsplit("#", 1)[1] for key in keys]


def adopt(message: Message, carrier_message_id: str) -> bool:
    """Take possession of a message found at the carrier; ``False`` when another message has."""
    marker = {"pk": f"{message.site_id}#CARRIER#{carrier_message_id}", "message_id": message.id}
    if dynamo.put_new(settings().messages_table, marker):
        return True
    owner = dynamo.get(settings().messages_table, {"pk": marker["pk"]}, consistent=True)
    return owner is not None and owner["message_id"] == message.id


def claim(site_id: str, message_id: str, *, until: int) -> Message:
    """Take the right to call the carrier for a message that is due; its status becomes ``sending``.

    Args:
        until: Unix time by which the caller has certainly recorded the outcome or died.

    Raises:
        ClaimRefused: somebody has it, the message is past it or not due yet; carries the message (``None``: there is none).
    """
    try:
        row = dynamo.update(
            settings().messages_table,
            rows.key(site_id, message_id),
            "SET claim.#state = :calling, claim.#until = :until, claim.attempt = claim.attempt + :one,"
            " #status = :sending, #sequence = #sequence + :one",
            {
                ":calling": ClaimState.CALLING,
                ":until": until,
                ":one": 1,
                ":sending": Status.SENDING,
                ":free": ClaimState.FREE,
                ":queued": Status.QUEUED,
                ":soon": math.ceil(clock.now().timestamp()) + _EARLY_SECONDS,
            },
            condition=f"{_WAITING} AND claim.#until <= :soon",
            names=_NAMES | {"#state": "state", "#until": "until", "#sequence": "sequence"},
        )
    except ConditionFailed as refusal:
        raise ClaimRefused(rows.from_row(refusal.item) if refusal.item else None) from refusal
    return rows.from_row(row)


class ClaimRefused(Exception):
    """The right to call the carrier is not to be had; ``message`` tells why."""

    def __init__(self, message: Message | None) -> None:
        super().__init__("the message can't be claimed")
        self.message = message


def set_claim(message: Message, state: ClaimState, *, until: int) -> bool:
    """End the call of ``message``'s attempt without an outcome: ``FREE`` (certainly not sent) or ``UNKNOWN``.

    Args:
        until: Unix time; for ``FREE`` when the next try is due, for ``UNKNOWN`` that of the claim stays of interest.

    Returns:
        Whether it was still that attempt's call; if not, a receipt was faster, and nothing is changed.
    """
    values = {":new": state, ":until": until, ":sending": Status.SENDING, ":attempt": message.claim.attempt}
    return _changed(
        message,
        "SET claim.#state = :new, claim.#until = :until",
        values,
        "#status = :sending AND claim.attempt = :attempt",
        {"#state": "state", "#until": "until"},
    )


def advance(
    message: Message,
    status: Status,
    *,
    carrier_message_id: str | None = None,
    sent_time: str | None = None,
    failed_reason: str | None = None,
) -> bool:
    """Move a message forward, whoever says so first: the carrier's answer or its receipt.

    Returns:
        ``False`` when it has come at least as far already; then only a missing ``carrier_message_id`` and ``sent_time``
        are filled in, for an answer that is overtaken by its receipt still tells them.
    """
    assignments = {
        "carrier_message_id": carrier_message_id,
        "sent_time": sent_time,
    }
    known = {name: value for name, value in assignments.items() if value is not None}
    fills = [f"{name} = if_not_exists({name}, :{name})" for name in known]
    values: dict[str, Any] = {f":{name}": value for name, value in known.items()}
    moves = ["#status = :new", "#sequence = #sequence + :one", "claim.#state = :done"]
    if failed_reason is not None:
        moves.append("failed_reason = :reason")
    before = {f":before{index}": earlier for index, earlier in enumerate(status.before())}
    moved = _changed(
        message,
        "SET " + ", ".join(moves + fills) + " REMOVE unsettled",
        {**values, **before, ":new": status, ":one": 1, ":done": ClaimState.DONE}
        | ({":reason": failed_reason} if failed_reason is not None else {}),
        f"#status IN ({', '.join(before)})",
        {"#sequence": "sequence", "#state": "state"},
    )
    if not moved and fills:
        _changed(message, "SET " + ", ".join(fills), values, "attribute_exists(pk)", {}, names={})
    return moved


def skip(message: Message, reason: SkipReason) -> bool:
    """Turn a message that nobody is sending into a skip; ``False`` when it is too late for that.

    It leaves the lists, which are made from keys.
    """
    values = {
        ":new": Status.SKIPPED,
        ":reason": reason,
        ":one": 1,
        ":free": ClaimState.FREE,
        ":queued": Status.QUEUED,
        ":sending": Status.SENDING,
    }
    return _changed(
        message,
        "SET #status = :new, skip_reason = :reason, #sequence = #sequence + :one"
        " REMOVE timeline_pk, timeline_sk, contact_pk, contact_sk, unsettled",
        values,
        _WAITING,
        {"#sequence": "sequence", "#state": "state"},
    )


def give_up(message: Message, reason: str) -> bool:
    """Let a message fail that nobody is sending; ``False`` when it is too late for that."""
    values = {
        ":new": Status.FAILED,
        ":reason": reason,
        ":one": 1,
        ":free": ClaimState.FREE,
        ":done": ClaimState.DONE,
        ":queued": Status.QUEUED,
        ":sending": Status.SENDING,
    }
    return _changed(
        message,
        "SET #status = :new, failed_reason = :reason, claim.#state = :done, #sequence = #sequence + :one REMOVE unsettled",
        values,
        _WAITING,
        {"#sequence": "sequence", "#state": "state"},
    )


def attach(site_id: str, message_id: str, ticket_id: str) -> bool:
    """Note that a message is attached to a ticket; ``False`` when it is attached already, or there is no such message."""
    try:
        dynamo.update(
            settings().messages_table,
            rows.key(site_id, message_id),
            "SET ticket_id = :ticket, ticket_pk = :pk",
            {":ticket": ticket_id, ":pk": rows.ticket_pk(site_id, ticket_id)},
            condition="attribute_exists(pk) AND attribute_not_exists(ticket_id)",
        )
    except ConditionFailed:
        return False
    return True


def change(before: Message, after: Message) -> bool:
    """Write what distinguishes ``after``, keys of indexes included; ``False`` when the status has changed since ``before``.

    Only the difference is written: what others may have added meanwhile (a ticket, the carrier's id) stays.
    """
    old, new = rows.to_row(before), rows.to_row(after)
    changed = [name for name, value in new.items() if old.get(name) != value]
    gone = sorted(old.keys() - new.keys())
    if not changed and not gone:
        return True
    sets = "SET " + ", ".join(f"#{name} = :{name}" for name in changed) if changed else ""
    removes = " REMOVE " + ", ".join(f"#{name}" for name in gone) if gone else ""
    return _changed(
        before,
        sets + removes,
        {":before": before.sequence} | {f":{name}": new[name] for name in changed},
        "#sequence = :before",
        {f"#{name}": name for name in {*changed, *gone, "sequence"}},
        names={},
    )


def _changed(
    message: Message,
    expression: str,
    values: Mapping[str, Any],
    condition: str,
    extra: Mapping[str, str],
    *,
    names: Mapping[str, str] = _NAMES,
) -> bool:
    try:
        dynamo.update(
            settings().messages_table,
            rows.key(message.site_id, message.id),
            expression,
            values,
            condition=condition,
            names={**names, **extra},
            returns="NONE",
        )
    except ConditionFailed:
        return False
    return True
