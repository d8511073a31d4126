"""Commands for sites: their defaults, limits and keywords."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Annotated, Any, TypeVar

import phonenumbers
import typer

from outreach import text
from outreach.campaigns import waiting_sends
from outreach.consent import keywords
from outreach.errors import NotFound
from outreach.sending.quiet_hours import SHORTEST, SendingHours
from outreach.sites import site_store
from outreach.sites.models import FrequencyCap, Site
from outreach.sites.rate_limits import DEFAULT_RATES, Rate
from outreach_admin import admin
from outreach_admin.account_commands import account_fields
from outreach_admin.key_commands import keys_of
from outreach_admin.options import SiteCommand, SiteId, StackCommand, names_option, url_option

T = TypeVar("T")

site = typer.Typer(no_args_is_help=True, help="Manage sites. A site is the team of one customer.")

# More contacts, or segments a day, than any site has.
_MAX_COUNT = 10**12


def _region(value: str | None) -> str | None:
    region = value and value.upper()
    if region is not None and region not in phonenumbers.SUPPORTED_REGIONS:
        raise typer.BadParameter("must be an ISO 3166 country code such as US")
    return region


def _sending_hours(value: str | None) -> str | None:
    if not value:
        return value
    if not re.fullmatch(r"\s*\d{1,2}:\d\d\s*-\s*\d{1,2}:\d\d\s*", value, re.ASCII):
        raise typer.BadParameter("must be two times of day, in hours and minutes, such as 08:00-21:00")
    start, end = (time.strip().zfill(len("08:00")) for time in value.split("-"))
    try:
        hours = SendingHours.parse(f"{start}-{end}")
    except ValueError as error:
        raise typer.BadParameter("must start and end on one day, by 23:59, such as 08:00-21:00") from error
    if hours.duration < SHORTEST:
        raise typer.BadParameter("must last at least half an hour, such as 08:00-21:00")
    return str(hours)


def _frequency_cap(value: str | None) -> str | None:
    if value and not re.fullmatch(r"[1-9][0-9]{0,3}/[1-9][0-9]{0,2}", value):
        raise typer.BadParameter("must be MESSAGES/DAYS, such as 3/7")
    return value


def _rates(values: list[str]) -> list[str]:
    for value in values:
        action, separator, rate = value.partition("=")
        if action not in DEFAULT_RATES or not separator:
            raise typer.BadParameter(f"must be ACTION=PER_SECOND/BURST; actions are {', '.join(DEFAULT_RATES)}")
        try:
            if rate:
                Rate.parse(rate)
        except ValueError as error:
            raise typer.BadParameter(f"{action}: {error}") from error
    return values


# The options of `site put`.
_REPEATABLE = "Repeatable. Replaces the existing values; an empty value removes them."
_DefaultRegion = Annotated[
    str | None, typer.Option(callback=_region, help="ISO 3166 country of numbers without country code, such as GB.")
]
_CallbackUrl = Annotated[str | None, typer.Option(callback=url_option, help="Default URL for callbacks; empty for none.")]
_PrivateCallbacks = Annotated[bool | None, typer.Option(help="Allow callbacks to private addresses. For development only.")]
_SendingHours = Annotated[
    str | None,
    typer.Option(callback=_sending_hours, help="Hours of sending, in each recipient's local time; empty for always."),
]
_FrequencyCap = Annotated[
    str | None,
    typer.Option(
        callback=_frequency_cap,
        help="MESSAGES/DAYS: how many campaign messages a contact may get in so many days; empty for no limit.",
    ),
]
_DailySegments = Annotated[
    int | None, typer.Option(min=0, max=_MAX_COUNT, help="Daily quota of message segments (UTC days); 0 for no quota.")
]
_MaxContacts = Annotated[int | None, typer.Option(min=0, max=_MAX_COUNT, help="Maximum number of contacts; 0 for no limit.")]
_Rates = Annotated[
    list[str],
    typer.Option(
        callback=_rates,
        help=f"Rate limit as ACTION=PER_SECOND/BURST; ACTION= restores the default. Actions: {', '.join(DEFAULT_RATES)}.",
    ),
]


def _keywords_option(effect: str) -> Any:
    return typer.Option(callback=names_option, help=f"The site's own keywords that {effect}. {_REPEATABLE}")


_OptOutKeywords = Annotated[list[str] | None, _keywords_option("opt out, besides STOP and the like")]
_OptInKeywords = Annotated[list[str] | None, _keywords_option("opt in, besides START and the like")]
_HelpKeywords = Annotated[list[str] | None, _keywords_option("ask for help, besides HELP and INFO")]


@site.command("put", cls=StackCommand)
def put_site(
    context: typer.Context,
    site_id: SiteId,
    default_region: _DefaultRegion = None,
    callback_url: _CallbackUrl = None,
    private_callbacks: _PrivateCallbacks = None,
    sending_hours: _SendingHours = None,
    frequency_cap: _FrequencyCap = None,
    daily_segments: _DailySegments = None,
    max_contacts: _MaxContacts = None,
    rate: _Rates = [],  # noqa: B006
    opt_out_keyword: _OptOutKeywords = None,
    opt_in_keyword: _OptInKeywords = None,
    help_keyword: _HelpKeywords = None,
) -> None:
    """Create a site, or change the given options of an existing site. Running sends follow new sending hours at once.

    Example: outreach-admin site put 10000 --default-region GB --sending-hours 08:00-21:00 --frequency-cap 3/7

    Example: outreach-admin site put 10000 --opt-out-keyword ALTO --opt-out-keyword BAJA --opt-in-keyword ALTA
    """
    current = _current_site(site_id)
    changed = replace(
        current,
        default_region=default_region or current.default_region,
        callback_url=_changed(current.callback_url, callback_url),
        private_callbacks=current.private_callbacks if private_callbacks is None else private_callbacks,
        sending_hours=_changed(current.sending_hours, sending_hours),
        frequency_cap=current.frequency_cap if frequency_cap is None else _cap(frequency_cap),
        daily_segments=_changed(current.daily_segments, daily_segments),
        max_contacts=_changed(current.max_contacts, max_contacts),
        rates=_changed_rates(current.rates, rate),
        opt_out_keywords=_changed_keywords(current.opt_out_keywords, opt_out_keyword),
        opt_in_keywords=_changed_keywords(current.opt_in_keywords, opt_in_keyword),
        help_keywords=_changed_keywords(current.help_keywords, help_keyword),
    )
    _require_own_keywords(changed)
    admin.put_site(changed)
    if changed.sending_hours != current.sending_hours:
        waiting_sends.apply_sending_hours(site_id)
    context.obj.one(asdict(changed))


def _require_own_keywords(changed: Site) -> None:
    try:
        keywords.require_own_keywords(changed)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _current_site(site_id: str) -> Site:
    try:
        return site_store.get_site(site_id)
    except NotFound:
        return Site(site_id)


def _changed(current: T | None, given: T | None) -> T | None:
    """Return the value of an option: an option that is not given keeps its value, an empty one or 0 removes it."""
    return current if given is None else given or None


def _changed_rates(current: Mapping[str, str], changes: list[str]) -> dict[str, str]:
    rates = {**current, **dict(change.split("=") for change in changes)}
    return {action: text for action, text in rates.items() if text}


def _changed_keywords(current: tuple[str, ...], words: list[str] | None) -> tuple[str, ...]:
    if words is None:
        return current
    normalised = map(text.normalise, words)
    return tuple(dict.fromkeys(word for word in normalised if word))


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
    accounts = [account_fields(entry) for entry in site_store.list_accounts(site_id)]
    context.obj.one({**values, "keys": keys_of(site_id), "accounts": accounts})
