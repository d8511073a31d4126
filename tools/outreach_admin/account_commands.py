"""Commands for the channel accounts of a site."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer

from outreach import clock
from outreach.campaigns import waiting_sends
from outreach.errors import NotFound
from outreach.sending import circuit_breaker, receipt_faults
from outreach.sites import site_store
from outreach.sites.models import Carrier, ChannelAccount
from outreach_admin import admin, senders
from outreach_admin.options import SiteCommand, SiteId, guid_option, name_option, read_secret

account = typer.Typer(no_args_is_help=True, help="Manage channel accounts: what a site sends from at a carrier.")

# Beyond this no carrier sends.
_MAX_RATE = 100_000

_AccountId = Annotated[str, typer.Argument(metavar="ACCOUNT", callback=guid_option, help="Id of the channel account.")]

# The options of `account put`.
_Carrier = Annotated[Carrier | None, typer.Option(help="Carrier of the account.")]
_Sender = Annotated[
    str | None,
    typer.Option(
        "--number",
        "--sender",
        help="What messages are sent from: a number in E.164 form, a short code, a name of up to 11 characters, or a pool:"
        " a Messaging Service SID of Twilio (MG…), or a messaging profile of Telnyx (a GUID).",
    ),
]
_CarrierAccount = Annotated[
    str | None, typer.Option(help="Id of the account at the carrier. Twilio: account SID. Telnyx: messaging profile.")
]
_OptionalAccountId = Annotated[
    str | None, typer.Option("--id", callback=guid_option, help="GUID of the channel account; a new one by default.")
]
_Rate = Annotated[
    float | None,
    typer.Option(min=0.01, max=_MAX_RATE, help="Message segments that the carrier accepts per second; 1 by default."),
]
_ResendsUnknown = Annotated[
    bool | None,
    typer.Option(help="Send again when the outcome of a send stays unknown. Recipients may get a message twice."),
]
_AllowDuplicate = Annotated[
    bool, typer.Option("--allow-duplicate", help="Allow a second account that sends from the same number.")
]
_Name = Annotated[str | None, typer.Option(callback=name_option, help="Name that the API shows; the number by default.")]


@account.command("put", cls=SiteCommand)
def put_account(
    context: typer.Context,
    site_id: SiteId,
    carrier: _Carrier = None,
    number: _Sender = None,
    carrier_account: _CarrierAccount = None,
    account_id: _OptionalAccountId = None,
    rate: _Rate = None,
    resends_unknown: _ResendsUnknown = None,
    allow_duplicate: _AllowDuplicate = False,
    name: _Name = None,
) -> None:
    """Create a channel account, or change the given options of the account `--id`.

    A new account needs `--carrier`, `--number`, `--carrier-account`, and its credentials on standard input. Twilio: the auth
    token. Telnyx: `{"api_key": "…", "public_key": "…"}`. An existing account keeps its credentials;
    `account credentials` changes them.

    Example: pass twilio/token | outreach-admin account put 10000 --carrier twilio --number +15005550006 --carrier-account AC…
    """
    current = _existing_account(site_id, account_id)
    if current and carrier not in (None, current.carrier):
        raise typer.BadParameter(
            "cannot change, because the credentials would not fit; create another account", param_hint="--carrier"
        )
    given: dict[str, Any] = {"carrier": carrier, "number": number, "carrier_account": carrier_account}
    given |= {"messages_per_second": rate, "resends_unknown": resends_unknown, "name": name}
    changed = _with_options(current, account_id or str(uuid.uuid4()), site_id, given)
    if not allow_duplicate and (current is None or changed.number != current.number):
        admin.require_only_sender(changed)
    credentials = None if current else admin.read_credentials(changed.carrier, read_secret("credentials"))
    admin.put_channel_account(changed, credentials)
    context.obj.one(account_fields(changed))


def _existing_account(site_id: str, account_id: str | None) -> ChannelAccount | None:
    try:
        return site_store.get_account(site_id, account_id) if account_id else None
    except NotFound:
        return None


def _with_options(current: ChannelAccount | None, account_id: str, site_id: str, given: Mapping[str, Any]) -> ChannelAccount:
    """Return an account with the given options; those that are ``None`` keep their values.

    Raises:
        typer.BadParameter: an option is missing or does not fit the others.
    """
    defaults = {"messages_per_second": 1.0, "resends_unknown": False}
    values = (asdict(current) if current else defaults) | {name: value for name, value in given.items() if value is not None}
    for name in ("carrier", "number", "carrier_account"):
        if name not in values:
            raise typer.BadParameter("is required for a new account", param_hint=_option_name(name))
    option = "number"
    try:
        values["number"] = senders.read_sender(values["carrier"], values["number"])
        changed = ChannelAccount(**values | {"id": account_id, "site_id": site_id})
        option = "carrier_account"
        senders.check_profile(changed)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=_option_name(option)) from error
    return changed


def _option_name(name: str) -> str:
    return f"--{name.replace('_', '-')}"


@account.command("credentials", cls=SiteCommand)
def put_account_credentials(
    context: typer.Context,
    site_id: SiteId,
    account_id: _AccountId,
) -> None:
    """Replace the credentials of a channel account by those on standard input. They are in use within five minutes.

    Twilio: the auth token; `{"token": "…", "previous_token": "…"}` until Twilio signs webhooks with the new one. Telnyx:
    `{"api_key": "…", "public_key": "…"}`, likewise with `previous_public_key`. A paused account sends with them after its pause,
    or after `account resume`.

    Example: pass twilio/token | outreach-admin account credentials 10000 647277e8-06a5-4eec-ba66-1cdd617dc778
    """
    entry = site_store.get_account(site_id, account_id)
    admin.put_channel_account(entry, admin.read_credentials(entry.carrier, read_secret("credentials")))
    context.obj.one(account_fields(entry))


@account.command("list", cls=SiteCommand)
def list_accounts(context: typer.Context, site_id: SiteId) -> None:
    """List the channel accounts of a site. Shows which are paused by errors of the carrier, until when, and why.

    `receives_replies` is false for a name: recipients cannot reply to it, so they cannot opt out by reply.

    Example: outreach-admin account list 10000
    """
    context.obj.many([account_fields(entry) | _pause_fields(entry) for entry in site_store.list_accounts(site_id)])


@account.command("resume", cls=SiteCommand)
def resume_account(
    context: typer.Context,
    site_id: SiteId,
    account_id: _AccountId,
) -> None:
    """End the pause of a channel account. First fix the cause that `account list` shows.

    Running sends go on at once; `sends` lists them. Single messages, and those that the carrier has refused for a fault of the
    account, are sent within 15 minutes. An account that was stopped by `sending stop` stays stopped.

    Example: outreach-admin account resume 10000 647277e8-06a5-4eec-ba66-1cdd617dc778
    """
    entry = site_store.get_account(site_id, account_id)
    circuit_breaker.resume(site_id, account_id)
    receipt_faults.reset(entry)
    sends = waiting_sends.go_on([entry])
    context.obj.one(account_fields(entry) | _pause_fields(entry) | {"sends": [record.id for record in sends]})


def account_fields(entry: ChannelAccount) -> dict[str, Any]:
    """Return what is shown of a channel account."""
    return asdict(entry) | {"sender_type": entry.sender_type, "receives_replies": entry.receives_replies}


def _pause_fields(entry: ChannelAccount) -> dict[str, Any]:
    pause = circuit_breaker.state_of(entry.site_id, entry.id, consistent=True)
    if pause is None:
        return {"paused_until": None, "pause_reason": None}
    return {"paused_until": clock.timestamp(clock.from_epoch(pause.until)), "pause_reason": pause.reason}
