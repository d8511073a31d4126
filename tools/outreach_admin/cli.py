"""The command line ``outreach-admin``: sites, keys, channel accounts and callback secrets."""

from __future__ import annotations

import os
import re
import sys
import uuid
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Annotated, Any, NoReturn

import phonenumbers
import requests
import typer
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from rich.console import Console

from outreach import clock, text
from outreach.consent import keywords
from outreach.errors import NotFound, OutreachError
from outreach.http.caller import SCOPES
from outreach.sending import circuit_breaker, receipt_faults
from outreach.sending.quiet_hours import SendingHours
from outreach.sites import site_store
from outreach.sites.models import ApiKey, Carrier, ChannelAccount, FrequencyCap, Site
from outreach.sites.rate_limits import DEFAULT_RATES, Rate
from outreach_admin import admin, deployment, operator_commands, senders, sending_commands
from outreach_admin.options import (
    DryRun,
    SiteCommand,
    SiteId,
    StackCommand,
    guid_option,
    name_option,
    names_option,
    url_option,
    visible_name_option,
)
from outreach_admin.output import Output

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, rich_markup_mode="markdown")
site = typer.Typer(no_args_is_help=True, help="Manage sites. A site is the team of one customer.")
key = typer.Typer(no_args_is_help=True, help="Manage the API keys of a site. Only their hashes are stored.")
account = typer.Typer(no_args_is_help=True, help="Manage channel accounts: what a site sends from at a carrier.")
callback_secret = typer.Typer(no_args_is_help=True, help="Manage the secrets that sign the callbacks of a site.")
app.add_typer(site, name="site")
app.add_typer(key, name="key")
app.add_typer(account, name="account")
app.add_typer(callback_secret, name="callback-secret")
operator_commands.add_to(app)
sending_commands.add_to(app)

# Beyond these no carrier sends, and no site has so many.
_MAX_RATE = 100_000
_MAX_COUNT = 10**12

_REPEATABLE = "Repeatable. Replaces the existing values; an empty value removes them."


def _region(value: str | None) -> str | None:
    region = value and value.upper()
    if region is not None and region not in phonenumbers.SUPPORTED_REGIONS:
        raise typer.BadParameter("must be an ISO 3166 country code such as US")
    return region


# What a person does in the console: everything but the endpoints that other systems call.
PRESETS = {"console": tuple(scope for scope in SCOPES if scope not in ("unichannel:send", "ticketing:write"))}


def _preset(value: str | None) -> str | None:
    if value and value not in PRESETS:
        raise typer.BadParameter(f"must be one of {', '.join(PRESETS)}")
    return value


def _scopes(values: list[str]) -> list[str]:
    if unknown := set(values) - set(SCOPES):
        raise typer.BadParameter(f"unknown scope {', '.join(sorted(unknown))}; choose from {', '.join(SCOPES)}")
    return values


def _sending_hours(value: str | None) -> str | None:
    if value:
        try:
            SendingHours.parse(value)
        except ValueError as error:
            raise typer.BadParameter("must be a period such as 08:00-21:00") from error
    return value


def _frequency_cap(value: str | None) -> str | None:
    if value and not re.fullmatch(r"[1-9][0-9]{0,3}/[1-9][0-9]{0,2}", value):
        raise typer.BadParameter("must be MESSAGES/DAYS, such as 3/7")
    return value


def _rates(values: list[str]) -> list[str]:
    for value in values:
        action, separator, text = value.partition("=")
        if action not in DEFAULT_RATES or not separator:
            raise typer.BadParameter(f"must be ACTION=PER_SECOND/BURST; actions are {', '.join(DEFAULT_RATES)}")
        try:
            if text:
                Rate.parse(text)
        except ValueError as error:
            raise typer.BadParameter(f"{action}: {error}") from error
    return values


@app.callback()
def main_options(
    context: typer.Context,
    stack: Annotated[
        str, typer.Option(envvar="OUTREACH_STACK", help="Name of the CloudFormation stack.")
    ] = "outreach",  # read by StackCommand
    endpoint_url: Annotated[
        str | None, typer.Option(envvar="AWS_ENDPOINT_URL", help="URL of the AWS endpoint, for a local stack.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Administer the sites, API keys, channel accounts and secrets of a stack, and operate the stack.

    Uses the AWS credentials and region of the environment, like the AWS CLI. Reads secrets from standard input and never prints
    them again. Exits with 0 after success, 1 after a failed command, 2 after a wrong command line. `--json` may also follow a
    command.

    Examples:

        outreach-admin site put 10000 --default-region GB

        outreach-admin key create 10000 --name reporting --scope contact:read --scope outreach:read

        pass twilio/token | outreach-admin account put 10000 --carrier twilio --number +15005550006 --carrier-account AC…

        outreach-admin redrive SendQueue --dry-run

        outreach-admin --stack outreach --endpoint-url http://127.0.0.1:4566 --json site list
    """
    deployment.choose_region()
    if endpoint_url:
        os.environ["AWS_ENDPOINT_URL"] = endpoint_url
    context.obj = Output(as_json)


@site.command("put", cls=StackCommand)
def put_site(
    context: typer.Context,
    site_id: SiteId,
    default_region: Annotated[
        str | None,
        typer.Option(callback=_region, help="ISO 3166 country of numbers without country code, such as GB."),
    ] = None,
    callback_url: Annotated[
        str | None, typer.Option(callback=url_option, help="Default URL for callbacks; empty for none.")
    ] = None,
    private_callbacks: Annotated[
        bool | None, typer.Option(help="Allow callbacks to private addresses. For development only.")
    ] = None,
    sending_hours: Annotated[
        str | None,
        typer.Option(callback=_sending_hours, help="Hours of sending, in each recipient's local time; empty for always."),
    ] = None,
    frequency_cap: Annotated[
        str | None,
        typer.Option(callback=_frequency_cap, help="Most campaign MESSAGES/DAYS per contact; empty for no limit."),
    ] = None,
    daily_segments: Annotated[
        int | None, typer.Option(min=0, max=_MAX_COUNT, help="Daily quota of message segments (UTC days); 0 for no quota.")
    ] = None,
    max_contacts: Annotated[
        int | None, typer.Option(min=0, max=_MAX_COUNT, help="Maximum number of contacts; 0 for no limit.")
    ] = None,
    rate: Annotated[
        list[str],
        typer.Option(
            callback=_rates,
            help=f"Rate limit as ACTION=PER_SECOND/BURST; ACTION= restores the default. Actions: {', '.join(DEFAULT_RATES)}.",
        ),
    ] = [],  # noqa: B006
    opt_out_keyword: Annotated[
        list[str] | None,
        typer.Option(
            callback=names_option, help="The site's own keywords that opt out, besides STOP and the like. " + _REPEATABLE
        ),
    ] = None,
    opt_in_keyword: Annotated[
        list[str] | None,
        typer.Option(
            callback=names_option, help="The site's own keywords that opt in, besides START and the like. " + _REPEATABLE
        ),
    ] = None,
    help_keyword: Annotated[
        list[str] | None,
        typer.Option(
            callback=names_option, help="The site's own keywords that ask for help, besides HELP and INFO. " + _REPEATABLE
        ),
    ] = None,
) -> None:
    """Create a site, or change the given options of an existing site.

    Example: outreach-admin site put 10000 --default-region GB --sending-hours 08:00-21:00 --frequency-cap 3/7

    Example: outreach-admin site put 10000 --opt-out-keyword ALTO --opt-out-keyword BAJA --opt-in-keyword ALTA
    """
    try:
        current = site_store.get_site(site_id)
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
        opt_out_keywords=_changed_keywords(current.opt_out_keywords, opt_out_keyword),
        opt_in_keywords=_changed_keywords(current.opt_in_keywords, opt_in_keyword),
        help_keywords=_changed_keywords(current.help_keywords, help_keyword),
    )
    try:
        keywords.require_own_keywords(changed)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    admin.put_site(changed)
    context.obj.one(asdict(changed))


def _changed_rates(current: Mapping[str, str], changes: list[str]) -> dict[str, str]:
    rates = {**current, **dict(change.split("=") for change in changes)}
    return {action: text for action, text in rates.items() if text}


def _changed_keywords(current: tuple[str, ...], words: list[str] | None) -> tuple[str, ...]:
    return current if words is None else tuple(dict.fromkeys(filter(None, map(text.normalise, words))))


def _cap(value: str) -> FrequencyCap | None:
    messages, _, days = value.partition("/")
    return FrequencyCap(int(messages), int(days)) if value else None


@site.command("list", cls=StackCommand)
def list_sites(context: typer.Context) -> None:
    """List all sites.

    Example: outreach-admin site list
    """
    context.obj.many([asdict(entry) for entry in site_store.list_sites()])


@site.command("show", cls=SiteCommand)
def show_site(context: typer.Context, site_id: SiteId) -> None:
    """Show a site, its API keys and its channel accounts.

    Example: outreach-admin site show 10000
    """
    values = asdict(site_store.get_site(site_id))
    accounts = [_account_fields(entry) for entry in site_store.list_accounts(site_id)]
    context.obj.one({**values, "keys": _keys(site_id), "accounts": accounts})


@key.command("create", cls=SiteCommand)
def create_key(
    context: typer.Context,
    site_id: SiteId,
    name: Annotated[str, typer.Option(callback=visible_name_option, help="What the key is used for.")],
    scope: Annotated[
        list[str],
        typer.Option(callback=_scopes, help=f"Scope of the key, repeatable; default all: {', '.join(SCOPES)}."),
    ] = [],  # noqa: B006
    preset: Annotated[
        str | None, typer.Option(callback=_preset, help="Add the scopes for a use: `console` for a person who uses the console.")
    ] = None,
    value_from_stdin: Annotated[
        bool, typer.Option("--value-from-stdin", help="Read the key from standard input. Use at least 128 random bits.")
    ] = False,
) -> None:
    """Create an API key and print it. It cannot be shown again.

    Example: outreach-admin key create 10000 --name reporting --scope contact:read --scope outreach:read

    Example: outreach-admin key create 10000 --name "Ada's console" --preset console
    """
    value = admin.read_api_key(_read_secret("API key")) if value_from_stdin else admin.new_api_key()
    key_id = admin.put_api_key(site_id, name, value, frozenset([*scope, *PRESETS.get(preset or "", ())]))
    context.obj.one({"id": key_id} | ({} if value_from_stdin else {"key": value}))


@key.command("list", cls=SiteCommand)
def list_keys(context: typer.Context, site_id: SiteId) -> None:
    """List the API keys of a site by id; the keys themselves are not stored.

    Example: outreach-admin key list 10000
    """
    context.obj.many(_keys(site_id))


@key.command("rotate", cls=SiteCommand)
def rotate_key(
    context: typer.Context, site_id: SiteId, key_id: Annotated[str, typer.Argument(metavar="KEY", help="Id of the key.")]
) -> None:
    """Create a second key with the same name and scopes, and print it. Revoke the existing key when clients use the new one.

    Example: outreach-admin key rotate 10000 3f2a9c81d0b4
    """
    value = admin.new_api_key()
    context.obj.one({"id": admin.rotate_api_key(site_id, key_id, value), "key": value})


@key.command("revoke", cls=SiteCommand)
def revoke_key(
    context: typer.Context,
    site_id: SiteId,
    key_id: Annotated[str, typer.Argument(metavar="KEY", help="Id of the key.")],
    dry_run: DryRun = False,
) -> None:
    """Revoke an API key. It stops working within 30 seconds. This cannot be undone.

    `--dry-run` shows which key it is, and when it was last used.

    Example: outreach-admin key revoke 10000 3f2a9c81d0b4
    """
    entry = admin.find_api_key(site_id, key_id) if dry_run else admin.revoke_api_key(site_id, key_id)
    context.obj.one(_key_fields(key_id, entry))


@account.command("put", cls=SiteCommand)
def put_account(
    context: typer.Context,
    site_id: SiteId,
    carrier: Annotated[Carrier | None, typer.Option(help="Carrier of the account.")] = None,
    number: Annotated[
        str | None,
        typer.Option(
            "--number",
            "--sender",
            help="What messages are sent from: a number in E.164 form, a short code, a name of up to 11 characters, or a pool:"
            " a Messaging Service SID of Twilio (MG…), or a messaging profile of Telnyx (a GUID).",
        ),
    ] = None,
    carrier_account: Annotated[
        str | None, typer.Option(help="Id of the account at the carrier. Twilio: account SID. Telnyx: messaging profile.")
    ] = None,
    account_id: Annotated[
        str | None, typer.Option("--id", callback=guid_option, help="GUID of the channel account; a new one by default.")
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(min=0.01, max=_MAX_RATE, help="Message segments that the carrier accepts per second; 1 by default."),
    ] = None,
    resends_unknown: Annotated[
        bool | None,
        typer.Option(help="Send again when the outcome of a send stays unknown. Recipients may get a message twice."),
    ] = None,
    allow_duplicate: Annotated[
        bool, typer.Option("--allow-duplicate", help="Allow a second account that sends from the same number.")
    ] = False,
    name: Annotated[
        str | None, typer.Option(callback=name_option, help="Name that the API shows; the number by default.")
    ] = None,
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
    credentials = None if current else admin.read_credentials(changed.carrier, _read_secret("credentials"))
    admin.put_channel_account(changed, credentials)
    context.obj.one(_account_fields(changed))


def _existing_account(site_id: str, account_id: str | None) -> ChannelAccount | None:
    try:
        return site_store.get_account(site_id, account_id) if account_id else None
    except NotFound:
        return None


def _with_options(current: ChannelAccount | None, account_id: str, site_id: str, given: Mapping[str, Any]) -> ChannelAccount:
    """Return an account with the given options; those that are ``None`` keep their values.

    Raises:
        typer.BadParameter: An option is missing or does not fit the others.
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
    account_id: Annotated[str, typer.Argument(metavar="ACCOUNT", callback=guid_option, help="Id of the channel account.")],
) -> None:
    """Replace the credentials of a channel account by those on standard input. They are in use within five minutes.

    Twilio: the auth token. Telnyx: `{"api_key": "…", "public_key": "…"}`. A paused account sends with them after its pause, or
    after `account resume`.

    Example: pass twilio/token | outreach-admin account credentials 10000 647277e8-06a5-4eec-ba66-1cdd617dc778
    """
    entry = site_store.get_account(site_id, account_id)
    admin.put_channel_account(entry, admin.read_credentials(entry.carrier, _read_secret("credentials")))
    context.obj.one(_account_fields(entry))


@account.command("list", cls=SiteCommand)
def list_accounts(context: typer.Context, site_id: SiteId) -> None:
    """List the channel accounts of a site. Shows which are paused by errors of the carrier, until when, and why.

    `receives_replies` is false for a name: recipients cannot reply to it, so they cannot opt out by reply.

    Example: outreach-admin account list 10000
    """
    context.obj.many([_account_fields(entry) | _pause_fields(entry) for entry in site_store.list_accounts(site_id)])


@account.command("resume", cls=SiteCommand)
def resume_account(
    context: typer.Context,
    site_id: SiteId,
    account_id: Annotated[str, typer.Argument(metavar="ACCOUNT", callback=guid_option, help="Id of the channel account.")],
) -> None:
    """End the pause of a channel account. First fix the cause that `account list` shows.

    Sending resumes within 15 minutes, with the messages that the carrier has refused for a fault of the account.

    Example: outreach-admin account resume 10000 647277e8-06a5-4eec-ba66-1cdd617dc778
    """
    entry = site_store.get_account(site_id, account_id)
    circuit_breaker.resume(site_id, account_id)
    receipt_faults.reset(entry)
    context.obj.one(_account_fields(entry) | _pause_fields(entry))


@callback_secret.command("put", cls=SiteCommand)
def put_callback_secret(context: typer.Context, site_id: SiteId, dry_run: DryRun = False) -> None:
    """Sign callbacks with one secret only: the `whsec_…` secret on standard input. The site's other secrets are deleted.

    Example: pass outreach/callbacks | outreach-admin callback-secret put 10000
    """
    if dry_run:
        context.obj.one({"site": site_id, "would_delete": admin.count_callback_secrets(site_id)})
        return
    admin.put_callback_secret(site_id, _read_secret("callback secret"))
    context.obj.one({"site": site_id, "secrets": 1})


@callback_secret.command("rotate", cls=SiteCommand)
def rotate_callback_secret(context: typer.Context, site_id: SiteId) -> None:
    """Create a callback secret and print it. It cannot be shown again.

    Callbacks are signed with the new and the previous secret until `callback-secret retire`.

    Example: outreach-admin callback-secret rotate 10000
    """
    context.obj.one({"secret": admin.rotate_callback_secret(site_id)})


@callback_secret.command("retire", cls=SiteCommand)
def retire_callback_secret(context: typer.Context, site_id: SiteId, dry_run: DryRun = False) -> None:
    """Finish a rotation: sign callbacks with the newest secret only. The others are deleted.

    Example: outreach-admin callback-secret retire 10000
    """
    if dry_run:
        context.obj.one({"site": site_id, "would_delete": max(admin.count_callback_secrets(site_id) - 1, 0)})
        return
    admin.retire_callback_secret(site_id)
    context.obj.one({"site": site_id, "secrets": 1})


def _account_fields(entry: ChannelAccount) -> dict[str, Any]:
    return asdict(entry) | {"sender_type": entry.sender_type, "receives_replies": entry.receives_replies}


def _pause_fields(entry: ChannelAccount) -> dict[str, Any]:
    pause = circuit_breaker.state_of(entry.site_id, entry.id, consistent=True)
    if pause is None:
        return {"paused_until": None, "pause_reason": None}
    return {"paused_until": clock.timestamp(clock.from_epoch(pause.until)), "pause_reason": pause.reason}


def _keys(site_id: str) -> list[dict[str, Any]]:
    return [_key_fields(digest[: admin.KEY_ID_LENGTH], entry) for digest, entry in site_store.list_keys(site_id)]


def _key_fields(key_id: str, entry: ApiKey) -> dict[str, Any]:
    return {
        "id": key_id,
        "name": entry.name,
        "scopes": sorted(entry.scopes),
        "revoked": entry.revoked,
        "last_used": entry.last_used,
    }


def _read_secret(name: str) -> str:
    """Read a secret from standard input: from a pipe to its end, from a terminal without echo."""
    text = typer.prompt(name, hide_input=True) if sys.stdin.isatty() else sys.stdin.read()
    if not text.strip():
        raise ValueError(f"Standard input is empty. Pass the {name} there.")
    return str(text.strip())


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a command and exit.

    Args:
        arguments: The command line; by default that of this process.
    """
    try:
        app(arguments, prog_name="outreach-admin")
    except requests.RequestException as error:
        # Not the error's own text: it may contain a signed URL.
        _print_error(f"The server cannot be reached ({type(error).__name__}). Check the URL and the network, then try again.")
    except ResponseParserError:
        _print_error("The AWS endpoint does not answer as AWS does. Check AWS_ENDPOINT_URL and the proxy, then try again.")
    except ClientError as error:
        hint = ". Check OUTREACH_STACK (or --stack), the region and the credentials." if deployment.is_missing(error) else ""
        _print_error(f"{error}{hint}")
    except (OutreachError, ValueError, OSError, RuntimeError, BotoCoreError) as error:
        _print_error(str(error))
    sys.exit(1)


def _print_error(text: str) -> None:
    Console(stderr=True).print(text, markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
