"""The sites table.

==================  =====================  ===========================================
pk                  sk                     item
==================  =====================  ===========================================
``SITE#<site>``     ``SITE``               the site
``SITE#<site>``     ``ACCOUNT#<account>``  a channel account
``SITE#<site>``     ``PACE#<account>``     the account's next free sending slot
``SITE#<site>``     ``STATE#<account>``    why and until when the account is paused (:mod:`outreach.sending.accounts`)
``SITE#<site>``     ``KEY#<sha256>``       an API key, for listing
``KEY#<sha256>``    ``KEY``                the same key, for the authorizer; when it was last used
``ACCOUNT#<id>``    ``ACCOUNT``            the site of an account, for carrier webhooks
==================  =====================  ===========================================
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from outreach import aws, clock, dynamo
from outreach.errors import NotFound
from outreach.settings import settings
from outreach.sites.models import ApiKey, Carrier, ChannelAccount, FrequencyCap, Site

_USE_NOTED_EVERY = timedelta(minutes=5)


def get_site(site_id: str) -> Site:
    """
    Raises:
        NotFound: there is no such site.
    """
    item = dynamo.get(settings().sites_table, {"pk": f"SITE#{site_id}", "sk": "SITE"})
    if item is None:
        raise NotFound("There is no such site.")
    return _site(item)


def list_sites() -> list[Site]:
    """All sites, by id. Reads the whole table: for administration only."""
    pages = (
        aws.dynamodb()
        .get_paginator("scan")
        .paginate(
            TableName=settings().sites_table,
            FilterExpression="sk = :sk",
            ExpressionAttributeValues=dynamo.to_item({":sk": "SITE"}),
        )
    )
    found = (_site(dynamo.from_item(item)) for page in pages for item in page["Items"])
    return sorted(found, key=lambda site: site.id)


def get_account(site_id: str, account_id: str) -> ChannelAccount:
    """
    Raises:
        NotFound: the site has no such channel account.
    """
    item = dynamo.get(settings().sites_table, {"pk": f"SITE#{site_id}", "sk": f"ACCOUNT#{account_id}"})
    if item is None:
        raise NotFound("There is no such channel account.")
    return _account(item)


def list_accounts(site_id: str) -> list[ChannelAccount]:
    """The site's channel accounts, by id."""
    items = dynamo.query(
        settings().sites_table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues={":pk": f"SITE#{site_id}", ":sk": "ACCOUNT#"},
    )
    return [_account(item) for item in items]


def site_of_account(account_id: str) -> str:
    """The site that a carrier's webhook is for. The only way from an account to a site: carriers know no sites.

    Raises:
        NotFound: there is no such channel account.
    """
    item = dynamo.get(settings().sites_table, {"pk": f"ACCOUNT#{account_id}", "sk": "ACCOUNT"})
    if item is None:
        raise NotFound("There is no such channel account.")
    return str(item["site_id"])


def find_key(api_key: str) -> ApiKey | None:
    """The key as stored, or ``None`` when it is unknown or revoked."""
    item = dynamo.get(settings().sites_table, {"pk": f"KEY#{hash_key(api_key)}", "sk": "KEY"})
    if item is None or item.get("revoked"):
        return None
    return _key(item)


def note_use(api_key: str, key: ApiKey) -> None:
    """Note that a key is in use, unless that was noted a few minutes ago; whoever notes it first, does it for all."""
    now = clock.now()
    recently = clock.timestamp(now - _USE_NOTED_EVERY)
    if key.last_used and key.last_used > recently:
        return
    with suppress(dynamo.ConditionFailed):
        dynamo.update(
            settings().sites_table,
            {"pk": f"KEY#{hash_key(api_key)}", "sk": "KEY"},
            "SET last_used = :now",
            {":now": clock.timestamp(now), ":recently": recently},
            condition="attribute_exists(pk) AND (attribute_not_exists(last_used) OR last_used <= :recently)",
        )


def list_keys(site_id: str) -> list[tuple[str, ApiKey]]:
    """The site's keys with their hashes, as the authorizer knows them."""
    listed = dynamo.query(
        settings().sites_table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues={":pk": f"SITE#{site_id}", ":sk": "KEY#"},
    )
    keys = [{"pk": item["sk"], "sk": "KEY"} for item in listed]
    items = dynamo.batch_get(settings().sites_table, keys, consistent=True)
    return sorted(((item["pk"].removeprefix("KEY#"), _key(item)) for item in items), key=lambda entry: entry[0])


def put_site(site: Site) -> None:
    """Create or replace a site."""
    _put(f"SITE#{site.id}", "SITE", asdict(site))


def put_key(digest: str, key: ApiKey) -> None:
    """Create or replace a key by its SHA-256 (see :func:`hash_key`)."""
    values = asdict(key) | {"scopes": sorted(key.scopes)}
    # The authorizer's item first: a key that is listed works, a revoked one that is listed as revoked is revoked.
    _put(f"KEY#{digest}", "KEY", values)
    _put(f"SITE#{key.site_id}", f"KEY#{digest}", values)


def put_account(account: ChannelAccount) -> None:
    """Create or replace a channel account."""
    _put(
        f"SITE#{account.site_id}",
        f"ACCOUNT#{account.id}",
        asdict(account) | {"messages_per_second": str(account.messages_per_second)},
    )
    _put(f"ACCOUNT#{account.id}", "ACCOUNT", {"site_id": account.site_id})


def hash_key(api_key: str) -> str:
    """Keys have 128 bits of randomness or more, so that a plain SHA-256 can't be searched."""
    return hashlib.sha256(api_key.encode()).hexdigest()


def _put(pk: str, sk: str, values: dict[str, Any]) -> None:
    aws.dynamodb().put_item(TableName=settings().sites_table, Item=dynamo.to_item({"pk": pk, "sk": sk, **values}))


def _site(item: dict[str, Any]) -> Site:
    values = _attributes(item)
    cap = values.get("frequency_cap")
    return Site(**values | {"frequency_cap": FrequencyCap(**cap) if cap else None})


def _account(item: dict[str, Any]) -> ChannelAccount:
    values = _attributes(item)
    return ChannelAccount(
        **values | {"carrier": Carrier(values["carrier"]), "messages_per_second": float(values["messages_per_second"])}
    )


def _key(item: dict[str, Any]) -> ApiKey:
    values = _attributes(item)
    return ApiKey(**values | {"scopes": frozenset(values["scopes"])})


def _attributes(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in ("pk", "sk")}
