"""The sites table: sites, their channel accounts and their API keys.

==================  =====================  ===========================================
pk                  sk                     item
==================  =====================  ===========================================
``SITE#<site>``     ``SITE``               the site
``SITE#<site>``     ``ACCOUNT#<account>``  a channel account
``SITE#<site>``     ``PACE#<account>``     the account's next free sending slot and its rate (:mod:`outreach.sending.pacing`)
``SITE#<site>``     ``STATE#<account>``    why and until when the account is paused (:mod:`outreach.sending.circuit_breaker`)
``SITE#<site>``     ``RECEIPTS#<account>`` what its last receipts report (:mod:`outreach.sending.receipt_faults`)
``SITE#<site>``     ``KEY#<sha256>``       an API key, to list the keys of a site
``KEY#<sha256>``    ``KEY``                the same key, for the authorizer, with the time of its last use
``ACCOUNT#<id>``    ``ACCOUNT``            the site of an account, for carrier webhooks
==================  =====================  ===========================================
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from outreach import clock, dynamo
from outreach.dynamo import Update
from outreach.errors import Conflict, NotFound, ValidationFailed
from outreach.settings import settings
from outreach.sites.models import ApiKey, Carrier, ChannelAccount, FrequencyCap, SendingStop, Site
from outreach.tolerant_reader import known

_USE_RECORDED_EVERY = timedelta(minutes=5)
_KEY_ID_LENGTH = 12


def get_site(site_id: str) -> Site:
    """Return a site.

    Raises:
        NotFound: there is no such site.
    """
    item = dynamo.get(settings().sites_table, {"pk": f"SITE#{site_id}", "sk": "SITE"})
    if item is None:
        raise NotFound(f"There is no site {site_id}. `outreach-admin site list` shows all.")
    return _site(item)


def list_sites() -> list[Site]:
    """Return all sites, sorted by id. Scans the whole table: for administration only."""
    items = dynamo.scan(settings().sites_table, "sk = :sk", {":sk": "SITE"})
    return sorted(map(_site, items), key=lambda site: site.id)


def get_account(site_id: str, account_id: str) -> ChannelAccount:
    """Return a channel account.

    Raises:
        NotFound: the site has no such channel account.
    """
    item = dynamo.get(settings().sites_table, {"pk": f"SITE#{site_id}", "sk": f"ACCOUNT#{account_id}"})
    if item is None:
        raise NotFound("The site has no channel account with this id.")
    return _account(item)


def require_account(site_id: str, account_id: str) -> ChannelAccount:
    """Return the channel account that a request body names in ``channelAccountId``.

    Raises:
        ValidationFailed: the site has no such channel account.
    """
    try:
        return get_account(site_id, account_id)
    except NotFound as error:
        raise ValidationFailed.at(
            "/channelAccountId", "is not a channel account of this site; GET /outreach/channelAccounts lists them"
        ) from error


def list_accounts(site_id: str) -> list[ChannelAccount]:
    """Return the site's channel accounts, sorted by id."""
    items = dynamo.query_by_prefix(settings().sites_table, f"SITE#{site_id}", "ACCOUNT#")
    return [_account(item) for item in items]


def site_of_account(account_id: str) -> str:
    """Return the site of a channel account. Only carrier webhooks need it, because carriers do not know sites.

    Raises:
        NotFound: there is no such channel account.
    """
    item = dynamo.get(settings().sites_table, {"pk": f"ACCOUNT#{account_id}", "sk": "ACCOUNT"})
    if item is None:
        raise NotFound("No site has a channel account with this id.")
    return str(item["site_id"])


def find_key(api_key: str) -> ApiKey | None:
    """Return a key; ``None`` if it does not exist or is revoked."""
    item = dynamo.get(settings().sites_table, {"pk": f"KEY#{hash_key(api_key)}", "sk": "KEY"})
    if item is None or item.get("revoked"):
        return None
    return _key(item)


def record_use(api_key: str, key: ApiKey) -> None:
    """Record that a key is in use, unless its use was recorded in the last five minutes."""
    now = clock.now()
    recently = clock.timestamp(now - _USE_RECORDED_EVERY)
    if key.last_used and key.last_used > recently:
        return
    dynamo.update_if(
        settings().sites_table,
        {"pk": f"KEY#{hash_key(api_key)}", "sk": "KEY"},
        "SET last_used = :now",
        {":now": clock.timestamp(now), ":recently": recently},
        condition="attribute_exists(pk) AND (attribute_not_exists(last_used) OR last_used <= :recently)",
    )


def list_keys(site_id: str) -> list[tuple[str, ApiKey]]:
    """Return the site's keys with their hashes, as the authorizer reads them."""
    listed = dynamo.query_by_prefix(settings().sites_table, f"SITE#{site_id}", "KEY#")
    keys = [{"pk": item["sk"], "sk": "KEY"} for item in listed]
    items = dynamo.batch_get(settings().sites_table, keys, consistent=True)
    return sorted(((item["pk"].removeprefix("KEY#"), _key(item)) for item in items), key=lambda entry: entry[0])


def put_site(site: Site) -> None:
    """Create or replace a site."""
    _put(f"SITE#{site.id}", "SITE", asdict(site))


def put_key(digest: str, key: ApiKey) -> None:
    """Create or replace a key, given its SHA-256 (see :func:`hash_key`).

    Raises:
        Conflict: the key belongs to another site, or is revoked, which is for good.
    """
    values = asdict(key) | {"scopes": sorted(key.scopes)}
    condition, states = "attribute_not_exists(pk) OR #site_id = :site_id", dict[str, Any]({":site_id": key.site_id})
    if not key.revoked:
        condition, states = f"{condition} AND NOT #revoked = :revoked", states | {":revoked": True}
    # Write the authorizer's item first, so that a listed key works and a key listed as revoked is revoked.
    item = {"pk": f"KEY#{digest}", "sk": "KEY", **values}
    if not dynamo.put_if(settings().sites_table, item, condition, states):
        raise Conflict("This key is revoked, or belongs to another site. Create another one.")
    _put(f"SITE#{key.site_id}", f"KEY#{digest}", values)


def put_account(account: ChannelAccount) -> None:
    """Create a channel account, or change it. Its stop stays as it is, so that no change of an account lets it send again."""
    change = Update()
    for name, value in asdict(account).items():
        if name != "stop":
            change.set(name, str(value) if isinstance(value, float) else value)
    dynamo.update(settings().sites_table, _account_key(account), change, returns="NONE")
    _put(f"ACCOUNT#{account.id}", "ACCOUNT", {"site_id": account.site_id})


def stop_account(account: ChannelAccount, stop: SendingStop) -> bool:
    """Stop the messages of a channel account; ``False`` if they are stopped already, by the stop that stays."""
    condition = "attribute_exists(pk) AND attribute_not_exists(stop)"
    change = Update().set("stop", asdict(stop))
    return dynamo.update_if(settings().sites_table, _account_key(account), change, {}, condition=condition)


def change_stop_reason(account: ChannelAccount, reason: str) -> bool:
    """Change why a channel account is stopped; ``False`` if it is not stopped, or for this reason already."""
    condition = "attribute_exists(stop) AND stop.reason <> :reason"
    change = Update().set("stop.reason", reason)
    return dynamo.update_if(settings().sites_table, _account_key(account), change, {":reason": reason}, condition=condition)


def start_account(account: ChannelAccount) -> bool:
    """Let a channel account send again; ``False`` if it was not stopped."""
    condition = "attribute_exists(stop)"
    return dynamo.update_if(settings().sites_table, _account_key(account), Update().remove("stop"), {}, condition=condition)


def hash_key(api_key: str) -> str:
    """Return the SHA-256 of a key. A plain hash is safe, because keys have at least 128 random bits."""
    # A key in a request may have a surrogate, which no stored key has.
    return hashlib.sha256(api_key.encode(errors="surrogatepass")).hexdigest()


def key_id(digest: str) -> str:
    """Return the id of a key: the first digits of its SHA-256. It is in lists and logs, and does not lead to the key."""
    return digest[:_KEY_ID_LENGTH]


def _account_key(account: ChannelAccount) -> dict[str, str]:
    return {"pk": f"SITE#{account.site_id}", "sk": f"ACCOUNT#{account.id}"}


def _put(pk: str, sk: str, values: dict[str, Any]) -> None:
    dynamo.put(settings().sites_table, {"pk": pk, "sk": sk, **values})


def _site(item: dict[str, Any]) -> Site:
    values = known(Site, item)
    cap = values.get("frequency_cap")
    lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    return Site(**values | lists | {"frequency_cap": FrequencyCap(**known(FrequencyCap, cap)) if cap else None})


def _account(item: dict[str, Any]) -> ChannelAccount:
    values = known(ChannelAccount, item)
    stop = values.get("stop")
    return ChannelAccount(
        **values
        | {"carrier": Carrier(values["carrier"]), "messages_per_second": float(values["messages_per_second"])}
        | {"stop": SendingStop(**known(SendingStop, stop)) if stop else None}
    )


def _key(item: dict[str, Any]) -> ApiKey:
    values = known(ApiKey, item)
    return ApiKey(**values | {"scopes": frozenset(values["scopes"])})
