"""What an event says: the object that it concerns, as the API writes it (docs/api.md, "Events")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outreach import wire
from outreach.campaigns import results, snapshot_store
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.campaigns.schemas import RecordResponse
from outreach.consent import opt_outs
from outreach.consent.opt_outs import OptOut
from outreach.contacts import contact_store
from outreach.contacts.opt_out_schemas import OptOutResponse
from outreach.imports.import_records import ImportRecord
from outreach.message_api.reply_schemas import ReplyResponse
from outreach.messages.models import Message
from outreach.sending.circuit_breaker import BreakerState
from outreach.site_api.schemas import ChannelAccountResponse
from outreach.sites import site_store

# An event has the first failed rows and the first warnings of an import only, because its body must fit into an item.
_MAX_ROWS_BYTES = 64_000
# For the same reason, it has the newest changes of a number only.
_MAX_CHANGES = 100


def reply(message: Message) -> Mapping[str, Any]:
    """Return an inbound message."""
    return _json(ReplyResponse.of(message))


def opt_out(site_id: str, state: OptOut) -> Mapping[str, Any]:
    """Return the opt-out of a number, or its end, with its history until then and the contact that has the number."""
    contact = contact_store.find_by_number(site_id, state.number)
    changes = [change for change in opt_outs.history(site_id, state.number) if change.time <= state.since]
    return {**_json(OptOutResponse.of(state, changes[-_MAX_CHANGES:])), "contactId": contact.id if contact else None}


def campaign_record(record: CampaignRecord) -> Mapping[str, Any]:
    """Return a campaign record with its current counts."""
    return _json(RecordResponse.of(record, results.of(record), snapshot_store.get(record.site_id, record.id)))


def contact_import(record: ImportRecord) -> Mapping[str, Any]:
    """Return an import, with as many of its failed rows and warnings as fit."""
    from outreach.imports.schemas import ImportResponse  # slow, and few events are imports

    return _json(ImportResponse.of(record, max_rows_bytes=_MAX_ROWS_BYTES))


def channel_account(site_id: str, account_id: str, pause: BreakerState | None) -> Mapping[str, Any]:
    """Return a channel account that was paused, or resumed (``None``)."""
    return _json(ChannelAccountResponse.of(site_store.get_account(site_id, account_id), pause))


def _json(response: wire.Response) -> Mapping[str, Any]:
    return response.model_dump(mode="json", by_alias=True)
