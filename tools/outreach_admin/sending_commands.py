"""The operator's stop button: commands for single sends, and for all sending of a site or of the stack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated, Any

import typer

from outreach import clock
from outreach.campaigns import campaign_records, lifecycle, record_counts, sending_stop, unfinished_work, waiting_sends
from outreach.campaigns.campaign_records import CampaignRecord, RecordStatus
from outreach.errors import NotFound
from outreach.sending import circuit_breaker
from outreach.sending.circuit_breaker import BreakerState
from outreach.sites import site_store
from outreach.sites.models import ChannelAccount
from outreach_admin.options import DryRun, OptionalSiteId, SiteCommand, SiteId, guid_option, text_option

send = typer.Typer(no_args_is_help=True, help="List, pause, resume and cancel sends. A send is one campaign record.")
sending = typer.Typer(no_args_is_help=True, help="Stop everything that a site, or all of them, would send; start it again.")

RecordId = Annotated[str, typer.Argument(metavar="RECORD", callback=guid_option, help="Id of the campaign record.")]

_ACTIVE = (RecordStatus.PENDING, RecordStatus.RUNNING)


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(send, name="send")
    app.add_typer(sending, name="sending")


@send.command("list", cls=SiteCommand)
def list_sends(
    context: typer.Context,
    site_id: OptionalSiteId = None,
    running: Annotated[bool, typer.Option("--running", help="Only pending and running ones, not those that are paused.")] = False,
) -> None:
    """List the sends of all sites that are not finished, newest first, with what is still to be sent.

    A cancelled send is listed until its last message is skipped.

    Example: outreach-admin send list --running
    """
    records = [record for record in _unfinished(site_id) if not running or record.status in _ACTIVE]
    context.obj.many([_fields(record) for record in sorted(records, key=lambda record: record.sent_time, reverse=True)])


@send.command("pause", cls=SiteCommand)
def pause_send(context: typer.Context, site_id: SiteId, record_id: RecordId) -> None:
    """Pause a send at once. Messages that a carrier has accepted are not affected.

    Example: outreach-admin send pause 10000 5c3c1a5e-9d4f-4f0b-8a39-0d6f0f2f7d11
    """
    _act(context, "pause", site_id, record_id)


@send.command("resume", cls=SiteCommand)
def resume_send(context: typer.Context, site_id: SiteId, record_id: RecordId) -> None:
    """Continue a paused send where it was.

    Example: outreach-admin send resume 10000 5c3c1a5e-9d4f-4f0b-8a39-0d6f0f2f7d11
    """
    _act(context, "resume", site_id, record_id)


@send.command("cancel", cls=SiteCommand)
def cancel_send(context: typer.Context, site_id: SiteId, record_id: RecordId, dry_run: DryRun = False) -> None:
    """End a send. Contacts that have no message yet are skipped. This cannot be undone: to continue later, use `send pause`.

    `--dry-run` counts in `would_skip` who would get no message, in `audience` everybody. The carrier has the others' messages, or
    they were skipped. Before the audience is chosen, both are empty, and the send reaches nobody.

    Example: outreach-admin send cancel 10000 5c3c1a5e-9d4f-4f0b-8a39-0d6f0f2f7d11 --dry-run
    """
    if not dry_run:
        _act(context, "cancel", site_id, record_id)
        return
    record = _record(site_id, record_id)
    fields = _fields(record)
    context.obj.one(fields | {"would_skip": fields["queued"] if lifecycle.would_change("cancel", record) else 0})


@sending.command("stop", cls=SiteCommand)
def stop_sending(
    context: typer.Context,
    site_id: OptionalSiteId = None,
    reason: Annotated[str, typer.Option(callback=text_option, help="Why, for the other operators.")] = "",
    dry_run: DryRun = False,
) -> None:
    """Stop everything that would be sent: campaigns, single messages and tests, of one site or of all.

    It takes effect within seconds and loses nothing: messages wait for `sending start`. Receipts, replies and opt-outs are
    processed as usual. A channel account that is created meanwhile sends. May be repeated: what is stopped already keeps the
    time of its stop, and gets the new reason if one is given (`reason_changed`).

    Example: outreach-admin sending stop --site 10000 --reason "wrong text"
    """
    accounts = _accounts(site_id)
    if dry_run:
        sending_accounts = [account for account in accounts if not account.stop]
        context.obj.one({"accounts": len(accounts), "would_stop": len(sending_accounts)} | _waiting(sending_accounts))
        return
    stopped, changed = sending_stop.stop(accounts, reason)
    context.obj.one({"accounts": len(accounts), "stopped": len(stopped), "reason_changed": len(changed)})


@sending.command("start", cls=SiteCommand)
def start_sending(context: typer.Context, site_id: OptionalSiteId = None, dry_run: DryRun = False) -> None:
    """Let one site, or all of them, send again. Running sends go on at once; `sends` lists them.

    Single messages and tests that wait (`single_messages`) are sent within minutes, with the next sweep. Paused sends stay
    paused. What waits is sent, however late it is: cancel first what nobody should get any more. Single messages cannot be
    cancelled.

    Example: outreach-admin sending start --site 10000
    """
    accounts = _accounts(site_id)
    stopped_accounts = [account for account in accounts if account.stop]
    if dry_run:
        context.obj.one({"accounts": len(accounts), "would_start": len(stopped_accounts)} | _waiting(stopped_accounts))
        return
    # Counted first: a start that the command reports as failed must not have happened.
    waiting = sending_stop.count_waiting_messages(stopped_accounts)
    started, sends = sending_stop.start(accounts)
    context.obj.one(
        {
            "accounts": len(accounts),
            "started": len(started),
            "sends": [record.id for record in sends],
            "single_messages": waiting,
        }
    )


@sending.command("status", cls=SiteCommand)
def show_status(context: typer.Context, site_id: OptionalSiteId = None) -> None:
    """Show for each channel account whether it sends, or since when and why not, and how many sends run through it.

    Example: outreach-admin sending status
    """
    accounts = _accounts(site_id)
    running = Counter(_account_key(record) for record in _unfinished(site_id) if record.status in _ACTIVE)
    sites = {account.site_id for account in accounts}
    pauses = {site: circuit_breaker.states_of(site) for site in sites}
    context.obj.many(
        [
            {"site": account.site_id, "account": account.id, "number": account.number}
            | _status(account, pauses[account.site_id].get(account.id))
            | {"running_sends": running[account.site_id, account.id]}
            for account in accounts
        ]
    )


def _waiting(accounts: Iterable[ChannelAccount]) -> dict[str, Any]:
    """Return the running sends of accounts, how many of their contacts have no message yet, and how many single messages wait."""
    accounts = list(accounts)
    sends = waiting_sends.running_sends(accounts)
    counts = (record_counts.read(record) for record in sends)
    return {
        "sends": [record.id for record in sends],
        "queued": sum(count.queued for count in counts if count),
        "single_messages": sending_stop.count_waiting_messages(accounts),
    }


def _act(context: typer.Context, verb: str, site_id: str, record_id: str) -> None:
    context.obj.one(_fields(lifecycle.act_on_record(verb, _record(site_id, record_id))))


def _record(site_id: str, record_id: str) -> CampaignRecord:
    try:
        return campaign_records.get(site_id, record_id)
    except NotFound as error:
        raise NotFound(
            f"{error.detail} List those that are not finished with `outreach-admin send list --site {site_id}`."
        ) from error


def _unfinished(site_id: str | None) -> Iterable[CampaignRecord]:
    return (campaign_records.get(entry.site_id, entry.id) for entry in unfinished_work.read(site_id).records)


def _accounts(site_id: str | None) -> list[ChannelAccount]:
    site_ids = [site_id] if site_id else [site.id for site in site_store.list_sites()]
    return [account for each in site_ids for account in site_store.list_accounts(each)]


def _account_key(record: CampaignRecord) -> tuple[str, str]:
    return record.site_id, record.channel_account_id


def _fields(record: CampaignRecord) -> dict[str, Any]:
    counts = record_counts.read(record)
    return {
        "site": record.site_id,
        "record": record.id,
        "campaign": record.campaign_name,
        "status": str(record.status),
        "reason": record.status_reason,
        "sent_time": record.sent_time,
        "audience": record.audience,
        "queued": counts and counts.queued,
        "sending": counts and counts.sending,
    }


def _status(account: ChannelAccount, pause: BreakerState | None) -> dict[str, Any]:
    if account.stop:
        return {"status": "stopped"} | asdict(account.stop)
    if pause:
        return {"status": "paused", "since": clock.timestamp(clock.from_epoch(pause.since)), "reason": pause.reason}
    return {"status": "sending", "since": None, "reason": None}
