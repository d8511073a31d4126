"""The command line: ``outreach-admin --help``."""

from __future__ import annotations

import os
import re
import sys
import uuid
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Annotated, Any, NoReturn
from urllib.parse import urlsplit

import phonenumbers
import requests
import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from outreach import clock
from outreach.errors import NotFound, OutreachError
from outreach.http.caller import SCOPES
from outreach.sending import accounts
from outreach.sending.quiet_hours import SendingHours
from outreach.sites import store
from outreach.sites.models import ApiKey, Carrier, ChannelAccount, FrequencyCap, Site
from outreach.sites.rates import RATES, Rate
from outreach_admin import admin, operating
from outreach_admin.options import SiteCommand, SiteId, StackCommand, guid_option, number_option
from outreach_admin.output import Output

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, rich_markup_mode="markdown")
site = typer.Typer(no_args_is_help=True, help="Sites: one is one customer's team.")
key = typer.Typer(no_args_is_help=True, help="API keys of a site. Only their hashes are stored.")
account = typer.Typer(no_args_is_help=True, help="Channel accounts: numbers at a carrier that a site sends from.")
callback_secret = typer.Typer(no_args_is_help=True, help="The secrets that a site's callbacks are signed with.")
app.add_typer(site, name="site")
app.add_typer(key, name="key")
app.add_typer(account, name="account")
app.add_typer(callback_secret, name="callback-secret")
operating.add_to(app)


def _region(value: str | None) -> str | None:
    if value is not None and value not in phonenumbers.SUPPORTED_REGIONS:
        raise typer.BadParameter("is an ISO 3166 code such as US")
    return value


def _callback_url(value: str | None) -> str | None:
    if value and not (urlsplit(value).scheme in ("http", "https") and urlsplit(value).hostname):
        raise typer.BadParameter("is an http or https URL")
    return value


def _scopes(values: list[str]) -> list[str]:
    if unknown := set(values) - set(SCOPES):
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: known are {', '.join(SCOPES)}")
    return values


def _sending_hours(value: str | None) -> str | None:
    if value:
        try:
            SendingHours.parse(value)
        except ValueError as error:
            raise typer.BadParameter("has the form 08:00-21:00") from error
    return value


def _frequency_cap(value: str | None) -> str | None:
    if value and not re.fullmatch(r"[1-9][0-9]{0,3}/[1-9][0-9]{0,2}", value):
        raise typer.BadParameter("has the form MESSAGES/DAYS, such as 3/7")
    return value


def _rates(values: list[str]) -> list[str]:
    for value in values:
        action, given, text = value.partition("=")
        if action not in RATES or not given:
            raise typer.BadParameter(f"is ACTION=…; actions are {', '.join(RATES)}")
        try:
            _ = text and Rate.parse(text)
        except ValueError as error:
            raise typer.BadParameter(f"{action}: {error}") from error
    return values


@app.callback()
def main_options(
    context: typer.Context,
    stack: Annotated[
        str, typer.Option(envvar="OUTREACH_STACK", help="The CloudFormation stack.")
    ] = "outreach",  # read by StackCommand
    endpoint_url: Annotated[str | None, typer.Option(envvar="AWS_ENDPOINT_URL", help="Where AWS is; for the local one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Administer sites, API keys, channel accounts and their secrets; operate a stack.

    Uses the AWS credentials and region of the environment, as the AWS CLI does. Secrets are read from standard input, and never
    printed again. Ends with 0, with 1 when something could not be done, and with 2 when the command was not understood. `--json`
    may also stand behind a command.

    Examples:

        outreach-admin site put 10000 --default-region GB

        outreach-admin key create 10000 --name reporting --scope contact:read --scope outreach:read

        pass twilio/token | outreach-admin account put 10000 --carrier twilio --number +15005550006 --carrier-account AC…

        outreach-admin redrive SendQueue --dry-run

        outreach-admin --stack outreach --endpoint-url http://127.0.0.1:4566 --json site list
    """
    if endpoint_url:
        os.environ["AWS_ENDPOINT_URL"] = endpoint_url
    context.obj = Output(as_json)


@site.command("put", cls=StackCommand)
def put_site(
    context: typer.Context,
    site_id: SiteId,
    default_region: Annotated[
        str | None, typer.Option(callback=_region, help="ISO 3166 region that national numbers are read in.")
    ] = None,
    callback_url: Annotated[
        str | None, typer.Option(callback=_callback_url, help="Where callbacks go by default; empty for nowhere.")
    ] = None,
    private_callbacks: Annotated[
        bool | None, typer.Option(help="Let callbacks go to private addresses; for development only.")
    ] = None,
    sending_hours: Annotated[
        str | None,
        typer.Option(callback=_sending_hours, help="When campaigns may write to people, in their local time; empty for always."),
    ] = None,
    frequency_cap: Annotated[
        str | None, typer.Option(callback=_frequency_cap, help="MESSAGES/DAYS a contact gets at most; empty for no cap.")
    ] = None,
    daily_segments: Annotated[
        int | None, typer.Option(min=0, help="Segments that may be sent a day (UTC); 0 for any number.")
    ] = None,
    max_contacts: Annotated[int | None, typer.Option(min=0, help="Contacts that it may have; 0 for any number.")] = None,
    rate: Annotated[
        list[str], typer.Option(callback=_rates, help=f"ACTION=PER_SECOND/BURST, or ACTION= for the default: {', '.join(RATES)}.")
    ] = [],  # noqa: B006
) -> None:
    """Create a site, or change what is given.

    Example: outreach-admin site put 10000 --default-region GB --sending-hours 08:00-21:00 --frequency-cap 3/7
    """
    try:
        current = store.get_site(site_id)
    except NotFound:
        current = Site(site_id)
    changed = replace(
        current,
        default_region=current.default_region if default_region is None else default_region,
        callback_url=current.callback_url if callback_url is None else callback_url or None,
        private_callbacks=current.private_callbacks if private_callbacks is None else private_callbacks,
        sending_hours=current.sending_hours if sending_hours is None else sending_hours or None,
        frequency_cap=current.frequency_cap if frequency_cap is None else _cap(frequency_cap),
        daily_segments=current.daily_segments if daily_segments is None else daily_segments or None,
        max_contacts=current.max_contacts if max_contacts is None else max_contacts or None,
        rates=_changed_rates(current.rates, rate),
    )
    admin.put_site(changed)
    context.obj.one(asdict(changed))


def _changed_rates(current: Mapping[str, str], given: list[str]) -> dict[str, str]:
    changed = {**current, **dict(entry.split("=") for entry in given)}
    return {action: text for action, text in changed.items() if text}


def _cap(text: str) -> FrequencyCap | None:
    messages, _, days = text.partition("/")
    return FrequencyCap(int(messages), int(days)) if text else None


@site.command("list", cls=StackCommand)
def list_sites(context: typer.Context) -> None:
    """List all sites.

    Example: outreach-admin site list
    """
    context.obj.many([asdict(entry) for entry in store.list_sites()])


@site.command("show", cls=SiteCommand)
def show_site(context: typer.Context, site_id: SiteId) -> None:
    """Show a site with its keys and channel accounts.

    Example: outreach-admin site show 10000
    """
    shown = asdict(store.get_site(site_id))
    accounts = [asdict(entry) for entry in store.list_accounts(site_id)]
    context.obj.one({**shown, "keys": _keys(site_id), "accounts": accounts})


@key.command("create", cls=SiteCommand)
def create_key(
    context: typer.Context,
    site_id: SiteId,
    name: Annotated[str, typer.Option(help="What it is for.")],
    scope: Annotated[list[str], typer.Option(callback=_scopes, help=f"What it may do; none for all: {', '.join(SCOPES)}.")] = [],  # noqa: B006
    value_from_stdin: Annotated[
        bool, typer.Option("--value-from-stdin", help="Read the key from standard input; at least 128 random bits.")
    ] = False,
) -> None:
    """Create an API key, and show it this once.

    Example: outreach-admin key create 10000 --name reporting --scope contact:read --scope outreach:read
    """
    value = _read_secret("API key") if value_from_stdin else admin.new_api_key()
    key_id = admin.put_api_key(site_id, name, value, frozenset(scope))
    context.obj.one({"id": key_id} | ({} if value_from_stdin else {"key": value}))


@key.command("list", cls=SiteCommand)
def list_keys(context: typer.Context, site_id: SiteId) -> None:
    """List a site's API keys; the keys themselves are unknown to the system.

    Example: outreach-admin key list 10000
    """
    context.obj.many(_keys(site_id))


@key.command("rotate", cls=SiteCommand)
def rotate_key(
    context: typer.Context, site_id: SiteId, key_id: Annotated[str, typer.Argument(metavar="KEY", help="Its id.")]
) -> None:
    """Create a key that may do the same, and show it this once; the one before works until it is revoked.

    Example: outreach-admin key rotate 10000 3f2a9c81d0b4
    """
    value = admin.new_api_key()
    context.obj.one({"id": admin.rotate_api_key(site_id, key_id, value), "key": value})


@key.command("revoke", cls=SiteCommand)
def revoke_key(
    context: typer.Context, site_id: SiteId, key_id: Annotated[str, typer.Argument(metavar="KEY", help="Its id.")]
) -> None:
    """Revoke an API key.

    Example: outreach-admin key revoke 10000 3f2a9c81d0b4
    """
    context.obj.one(_shown_key(key_id, admin.revoke_api_key(site_id, key_id)))


@account.command("put", cls=SiteCommand)
def put_account(
    context: typer.Context,
    site_id: SiteId,
    carrier: Annotated[Carrier, typer.Option()],
    number: Annotated[str, typer.Option(callback=number_option, help="What messages come from, in E.164 form.")],
    carrier_account: Annotated[str, typer.Option(help="The carrier's own id of the account (Twilio: its SID).")],
    account_id: Annotated[str | None, typer.Option("--id", callback=guid_option, help="A GUID; a new one by default.")] = None,
    rate: Annotated[float, typer.Option(min=0.01, help="Message segments a second that the carrier takes.")] = 1.0,
    resends_unknown: Annotated[
        bool, typer.Option(help="Send again when a lost answer can't be cleared up; a contact may get a message twice.")
    ] = False,
) -> None:
    """Create or replace a channel account; its credentials are read from standard input.

    Twilio: the auth token. Telnyx: `{"api_key": "…", "public_key": "…"}`.

    Example: pass twilio/token | outreach-admin account put 10000 --carrier twilio --number +15005550006 --carrier-account AC…
    """
    new = ChannelAccount(account_id or str(uuid.uuid4()), site_id, carrier, number, carrier_account, rate, resends_unknown)
    admin.put_channel_account(new, admin.read_credentials(carrier, _read_secret("credentials")))
    context.obj.one(asdict(new))


@account.command("list", cls=SiteCommand)
def list_accounts(context: typer.Context, site_id: SiteId) -> None:
    """List a site's channel accounts, without credentials, and until when they are paused because their carrier refuses them.

    Example: outreach-admin account list 10000
    """
    context.obj.many([asdict(entry) | _shown_pause(entry) for entry in store.list_accounts(site_id)])


@account.command("resume", cls=SiteCommand)
def resume_account(
    context: typer.Context, site_id: SiteId, account_id: Annotated[str, typer.Argument(metavar="ACCOUNT", callback=guid_option)]
) -> None:
    """End an account's pause, when what its carrier found fault with is mended.

    Messages go on within a quarter of an hour; those that met the fault wait until the pause would have ended.

    Example: outreach-admin account resume 10000 647277e8-06a5-4eec-ba66-1cdd617dc778
    """
    entry = store.get_account(site_id, account_id)
    accounts.resume(site_id, account_id)
    context.obj.one(asdict(entry) | _shown_pause(entry))


@callback_secret.command("put", cls=SiteCommand)
def put_callback_secret(context: typer.Context, site_id: SiteId) -> None:
    """Sign with the secret (`whsec_…`) on standard input, and with no other.

    Example: pass outreach/callbacks | outreach-admin callback-secret put 10000
    """
    admin.put_callback_secret(site_id, _read_secret("callback secret"))
    context.obj.one({"site": site_id, "secrets": 1})


@callback_secret.command("rotate", cls=SiteCommand)
def rotate_callback_secret(context: typer.Context, site_id: SiteId) -> None:
    """Sign with a new secret, shown this once, and with the one before, until it is retired.

    Example: outreach-admin callback-secret rotate 10000
    """
    context.obj.one({"secret": admin.rotate_callback_secret(site_id)})


@callback_secret.command("retire", cls=SiteCommand)
def retire_callback_secret(context: typer.Context, site_id: SiteId) -> None:
    """End a rotation: sign with the newest secret only.

    Example: outreach-admin callback-secret retire 10000
    """
    admin.retire_callback_secret(site_id)
    context.obj.one({"site": site_id, "secrets": 1})


def _shown_pause(entry: ChannelAccount) -> dict[str, Any]:
    pause = accounts.pause_of(entry.site_id, entry.id, consistent=True)
    if pause is None:
        return {"paused_until": None, "pause_reason": None}
    return {"paused_until": clock.timestamp(clock.from_epoch(pause.until)), "pause_reason": pause.reason}


def _keys(site_id: str) -> list[dict[str, Any]]:
    return [_shown_key(digest[: admin.SHOWN_DIGITS], entry) for digest, entry in store.list_keys(site_id)]


def _shown_key(key_id: str, entry: ApiKey) -> dict[str, Any]:
    return {
        "id": key_id,
        "name": entry.name,
        "scopes": sorted(entry.scopes),
        "revoked": entry.revoked,
        "last_used": entry.last_used,
    }


def _read_secret(name: str) -> str:
    """From a pipe as a whole, from a terminal without showing it."""
    text = typer.prompt(name, hide_input=True) if sys.stdin.isatty() else sys.stdin.read()
    if not text.strip():
        raise ValueError(f"There is no {name} on standard input.")
    return str(text.strip())


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a command, of the process's own arguments unless others are given; raises SystemExit."""
    try:
        app(arguments, prog_name="outreach-admin")
    except requests.RequestException as error:
        # Its text has the URL, and that may be signed.
        _complain(f"The server can't be reached: {type(error).__name__}")
    except (OutreachError, ValueError, OSError, RuntimeError, BotoCoreError, ClientError) as error:
        _complain(str(error))
    sys.exit(1)


def _complain(text: str) -> None:
    Console(stderr=True).print(text, markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
