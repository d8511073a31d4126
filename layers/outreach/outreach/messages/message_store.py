"""The messages table. Every change of a row is a conditional write.

:mod:`outreach.messages.message_rows` describes the rows. :mod:`outreach.messages.message_index` finds messages whose ids are not
known.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from outreach import clock, dynamo
from outreach.dynamo import ConditionFailed, Update
from outreach.errors import NotFound
from outreach.messages import message_rows
from outreach.messages.models import ClaimState, Kind, Message
from outreach.messages.status import MessageStatus, SkipReason
from outreach.observability import logger
from outreach.repeated_failures import Failures
from outreach.settings import settings

_CONCURRENT_WRITES = 16
# No worker calls the carrier for the message, and none has done so with an unknown outcome.
_WAITING = "#claim.#state = :free AND #status IN (:queued, :sending)"
_WAITING_VALUES = {":free": ClaimState.FREE, ":queued": MessageStatus.QUEUED, ":sending": MessageStatus.SENDING}
# SQS delays are whole seconds by another clock, so a job may arrive a moment before its slot.
_EARLY_SECONDS = 1


def create(message: Message) -> bool:
    """Create a message's row; ``False`` (and nothing written) if it exists already. See :func:`create_many`."""
    table, message = settings().messages_table, message_rows.with_separate_text(message)
    if message.text_digest:
        dynamo.put(table, message_rows.new_text(message))
    return dynamo.put_new(table, message_rows.new_row(message))


def create_many(messages: Sequence[Message]) -> list[Message]:
    """Create rows that do not exist yet; existing rows stay unchanged.

    A separate text is written before the row that names it. If an earlier row names another text, nothing names this one, and
    it expires.

    Returns:
        The messages whose rows existed already.
    """
    table, drafts = settings().messages_table, [message_rows.with_separate_text(message) for message in messages]
    texts = [message_rows.new_text(draft) for draft in drafts if draft.text_digest]
    for text, is_new in zip(texts, dynamo.put_new_many(table, texts), strict=True):
        if not is_new:
            dynamo.put(table, text)  # the same text again, after a crash: then it expires with the row
    created = dynamo.put_new_many(table, [message_rows.new_row(draft) for draft in drafts])
    return [message for message, is_new in zip(messages, created, strict=True) if not is_new]


def postpone(messages: Sequence[Message], slots: Sequence[float], *, readdress: bool = False) -> None:
    """Postpone waiting messages to new slots. Until then no worker claims them and the sweep leaves them alone.

    Messages that are claimed or have an outcome stay unchanged.

    Args:
        slots: the new slot of each message (Unix time).
        readdress: whether ``recipient`` and ``time_zones`` of the messages are stored, too: those that their contacts have now.
    """

    def postpone_one(message: Message, slot: float) -> bool:
        change = Update().set("claim.until", round(slot))
        if readdress:
            change.set("recipient", message.recipient).set("time_zones", list(message.time_zones))
        return _change(message, change, {":free": ClaimState.FREE}, "#claim.#state = :free")

    with ThreadPoolExecutor(_CONCURRENT_WRITES) as pool:
        list(pool.map(postpone_one, messages, slots))


def get(site_id: str, message_id: str, *, text: bool = True) -> Message:
    """Return a message (a strongly consistent read).

    Args:
        text: whether a separate text is read, too.

    Raises:
        NotFound: the site has no such message.
    """
    row = dynamo.get(settings().messages_table, message_rows.key(site_id, message_id), consistent=True)
    if row is None:
        raise NotFound("The site has no message with this id.")
    message = message_rows.from_row(row)
    return with_texts(site_id, [message])[0] if text else message


def get_reply(site_id: str, message_id: str) -> Message:
    """Return an inbound message (a strongly consistent read).

    Raises:
        NotFound: the site has no such reply.
    """
    row = dynamo.get(settings().messages_table, message_rows.key(site_id, message_id), consistent=True)
    if row is None or row.get("kind") != Kind.INBOUND:
        raise NotFound("The site has no reply with this id.")
    return message_rows.from_row(row)


def get_many(site_id: str, message_ids: Iterable[str], *, consistent: bool = False, texts: bool = True) -> dict[str, Message]:
    """Return those of the messages that exist, by id.

    Args:
        texts: whether separate texts are read, too.
    """
    keys = [message_rows.key(site_id, message_id) for message_id in message_ids]
    rows = dynamo.batch_get(settings().messages_table, keys, consistent=consistent)
    messages = [message_rows.from_row(row) for row in rows]
    if texts:
        messages = with_texts(site_id, messages)
    return {message.id: message for message in messages}


def with_texts(site_id: str, messages: Iterable[Message]) -> list[Message]:
    """Return messages with their separate texts, in the same order. Reads nothing if none has one.

    A text that no longer exists is empty. The first read is eventually consistent, at half the price: a text never changes, so
    the read finds the right one or none.
    """
    messages = _add_texts(messages, consistent=False)
    lacking = [message.id for message in messages if message.lacks_text]
    if not lacking:
        return messages
    # The text was created a moment ago, or another one has replaced it since its row was read.
    rows = get_many(site_id, lacking, consistent=True, texts=False)
    current = {message.id: message for message in _add_texts(rows.values(), consistent=True)}
    if missing := [message.id for message in current.values() if message.lacks_text]:
        logger().warning("texts of messages are missing", site_id=site_id, message_ids=missing)
    return [current.get(message.id, message) for message in messages]


def _add_texts(messages: Iterable[Message], *, consistent: bool) -> list[Message]:
    messages = list(messages)
    keys = [message_rows.text_key(message) for message in messages if message.lacks_text]
    items = dynamo.batch_get(settings().messages_table, keys, consistent=consistent)
    texts = {item["pk"]: item["body"] for item in items}

    def with_text(message: Message) -> Message:
        if not message.lacks_text:
            return message
        return replace(message, body=texts.get(message_rows.text_key(message)["pk"], ""))

    return list(map(with_text, messages))


def adopt(message: Message, carrier_message_id: str) -> bool:
    """Record that a message owns a message in the carrier's list; ``False`` when another message owns it."""
    ownership = message_rows.new_ownership(message, carrier_message_id)
    if dynamo.put_new(settings().messages_table, ownership):
        return True
    owner = dynamo.get(settings().messages_table, {"pk": ownership["pk"]}, consistent=True)
    return owner is not None and owner["message_id"] == message.id


def claim(site_id: str, message_id: str, *, number: str, until: int) -> Message:
    """Claim a message whose slot has begun, in order to call the carrier; its status becomes ``sending``.

    If the separate text does not exist, the claimed message lacks it.

    Args:
        number: the number whose opt-outs the caller has checked.
        until: the Unix time by which the caller has recorded the outcome or crashed.

    Raises:
        ClaimRefused: another worker has claimed the message, it has an outcome, its slot has not begun, it goes to another number
            now, or it does not exist.
        TextUnreadable: the separate text cannot be read. The caller must release the claim of its message.
    """
    message = message_rows.from_row(_write_claim(site_id, message_id, number, until))
    try:
        return with_texts(site_id, [message])[0]
    except Exception as error:
        raise TextUnreadable(message) from error


def _write_claim(site_id: str, message_id: str, number: str, until: int) -> dict[str, Any]:
    """Write the claim into the row and return the row. boto3 may send the write twice, if it gets no response to the first one.

    The first write then has the claim, and DynamoDB refuses the second. The token in the row shows whose claim it is.
    """
    token = secrets.token_urlsafe(6)
    change = (
        Update()
        .set("claim.state", ClaimState.CALLING)
        .set("claim.until", until)
        .set("claim.by", token)
        .add("claim.attempt")
        .set("status", MessageStatus.SENDING)
        .add("sequence")
    )
    soon = math.ceil(clock.now().timestamp()) + _EARLY_SECONDS
    try:
        return dynamo.update(
            settings().messages_table,
            message_rows.key(site_id, message_id),
            change,
            {**_WAITING_VALUES, ":soon": soon, ":number": number},
            condition=f"{_WAITING} AND #claim.#until <= :soon AND #recipient = :number",
        )
    except ConditionFailed as refusal:
        if refusal.item.get("claim", {}).get("by") == token:
            return refusal.item
        raise ClaimRefused(message_rows.from_row(refusal.item) if refusal.item else None) from refusal


class ClaimRefused(Exception):
    """A message cannot be claimed. ``message`` is its current state, or ``None`` when it does not exist."""

    def __init__(self, message: Message | None) -> None:
        super().__init__("the message cannot be claimed")
        self.message = message


class TextUnreadable(Exception):
    """The separate text of a claimed ``message`` cannot be read at the moment."""

    def __init__(self, message: Message) -> None:
        super().__init__("the text of the message cannot be read")
        self.message = message


def set_claim(message: Message, state: ClaimState, *, until: int) -> bool:
    """End the claim of ``message``'s attempt without an outcome.

    Args:
        state: ``FREE`` when the carrier has certainly not accepted the message, otherwise ``UNKNOWN``.
        until: for ``FREE`` the Unix time of the next attempt, for ``UNKNOWN`` that of the claim.

    Returns:
        ``False`` (and nothing written) when a receipt or another attempt came first.
    """
    change = Update().set("claim.state", state).set("claim.until", until)
    values = {":sending": MessageStatus.SENDING, ":attempt": message.claim.attempt}
    return _change(message, change, values, "#status = :sending AND #claim.#attempt = :attempt")


def advance(
    message: Message,
    status: MessageStatus,
    *,
    carrier_message_id: str | None = None,
    sent_time: str | None = None,
    sender: str = "",
    failed_reason: str | None = None,
) -> bool:
    """Move a message forward to a status, reported by the carrier's response or its receipt.

    Args:
        carrier_message_id: the carrier's id of the message.
        sent_time: when the carrier accepted it.
        sender: what it was sent from, as the carrier reports it. It is written only if it is not known yet, as for a pool.
        failed_reason: the carrier's code and words.

    Returns:
        ``False`` when the message has the same rank or a higher one. Then only missing values of ``carrier_message_id``,
        ``sent_time`` and ``sender`` are written: the receipt may arrive before the response that contains them.
    """
    arguments = {"carrier_message_id": carrier_message_id, "sent_time": sent_time, "sender": sender or None}
    facts = {name: value for name, value in arguments.items() if value is not None}
    change, earlier, is_earlier = _step_forward(status)
    if failed_reason is not None:
        change.set("failed_reason", failed_reason)
    is_written = _change(message, _set_missing(change, facts), earlier, is_earlier)
    if not is_written and facts:
        _change(message, _set_missing(Update(), facts), {}, "attribute_exists(pk)")
    return is_written


def record_delivery(
    site_id: str, message_id: str, account_id: str, *, carrier_message_id: str, sent_time: str, sender: str = ""
) -> bool:
    """Move a message forward to ``delivered`` without reading it first; see :func:`advance`.

    Args:
        account_id: the channel account that must have sent it.

    Returns:
        ``False`` (and nothing written) when it has a final status, is another account's, or does not exist.
    """
    facts = {"carrier_message_id": carrier_message_id, "sent_time": sent_time} | ({"sender": sender} if sender else {})
    change, earlier, is_earlier = _step_forward(MessageStatus.DELIVERED)
    return dynamo.update_if(
        settings().messages_table,
        message_rows.key(site_id, message_id),
        _set_missing(change, facts),
        {**earlier, ":account": account_id},
        condition=f"{is_earlier} AND account_id = :account",
    )


def _step_forward(status: MessageStatus) -> tuple[Update, dict[str, Any], str]:
    """Return the change to a status, and the values and the condition with which a message has an earlier one."""
    earlier = {f":earlier{index}": value for index, value in enumerate(status.earlier_statuses())}
    change = Update().set("status", status).add("sequence").set("claim.state", ClaimState.DONE).remove("unsettled")
    return change, earlier, f"#status IN ({', '.join(earlier)})"


def record_sender(message: Message, sender: str) -> None:
    """Record which number of a pool a message was sent from, unless that is known."""
    _change(message, Update().set_if_missing("sender", sender), {}, "attribute_exists(pk)")


def _set_missing(change: Update, facts: Mapping[str, str]) -> Update:
    for name, value in facts.items():
        change.set_if_missing(name, value)
    return change


def set_carrier_failures(message: Message, failures: Failures) -> None:
    """Store the consecutive failures of the carrier to accept a message, or of a worker to read its text."""
    _change(message, Update().set("carrier_failures", failures.to_item()), {}, "attribute_exists(pk)")


def set_repair_failures(message: Message, failures: Failures) -> None:
    """Store the consecutive attempts of the sweep to queue a message again, and remove the error of the last attempt."""
    change = Update().set("repair_failures", failures.to_item()).remove("last_error")
    _change(message, change, {}, "attribute_exists(pk)")


def record_error(site_id: str, message_id: str, reason: str) -> None:
    """Record the error that keeps a worker from sending or reconciling a message; the sweep counts it as the reason."""
    dynamo.update_if(
        settings().messages_table,
        message_rows.key(site_id, message_id),
        Update().set("last_error", reason),
        {":queued": MessageStatus.QUEUED, ":sending": MessageStatus.SENDING},
        condition="#status IN (:queued, :sending)",
    )


def skip(message: Message, reason: SkipReason) -> bool:
    """Skip a waiting message; ``False`` when a worker has claimed it, or it has an outcome.

    The message loses its index keys, so it is no longer listed.
    """
    change = Update().set("status", MessageStatus.SKIPPED).set("skip_reason", reason).add("sequence")
    change.remove("timeline_pk", "timeline_sk", "contact_pk", "contact_sk", "unsettled")
    return _change(message, change, _WAITING_VALUES, _WAITING)


def fail_waiting(message: Message, reason: str) -> bool:
    """Mark a waiting message as failed; ``False`` when a worker has claimed it, or it has an outcome."""
    change = Update().set("status", MessageStatus.FAILED).set("failed_reason", reason).set("claim.state", ClaimState.DONE)
    return _change(message, change.add("sequence").remove("unsettled"), _WAITING_VALUES, _WAITING)


def attach(site_id: str, message_id: str, ticket_id: str) -> bool:
    """Attach a message to a ticket; ``False`` when it is already attached, or does not exist."""
    return dynamo.update_if(
        settings().messages_table,
        message_rows.key(site_id, message_id),
        Update().set("ticket_id", ticket_id).set("ticket_pk", message_rows.ticket_pk(site_id, ticket_id)),
        condition="attribute_exists(pk) AND attribute_not_exists(ticket_id)",
    )


def change(before: Message, after: Message) -> bool:
    """Write the difference between two states of a message, index keys included.

    Attributes that other writers have added (a ticket, the carrier's id) stay. A new text is in the row, which few writes follow;
    the separate text that it replaces is deleted.

    Returns:
        ``False`` (and nothing written) when the status has changed since ``before``.
    """
    if after.body != before.body:
        after = replace(after, text_digest=None)
    old, new = message_rows.to_row(before), message_rows.to_row(after)
    changed = [name for name, value in new.items() if old.get(name) != value]
    removed = sorted(old.keys() - new.keys())
    if not changed and not removed:
        return True
    difference = Update().remove(*removed)
    for name in changed:
        difference.set(name, new[name])
    if not _change(before, difference, {":before": before.sequence}, "#sequence = :before"):
        return False
    if before.text_digest != after.text_digest:
        dynamo.delete(settings().messages_table, message_rows.text_key(before))
    return True


def _change(message: Message, change: Update, values: Mapping[str, Any], condition: str) -> bool:
    key = message_rows.key(message.site_id, message.id)
    return dynamo.update_if(settings().messages_table, key, change, values, condition=condition)
