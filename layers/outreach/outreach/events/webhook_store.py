"""A site's webhooks in the sites table.

One item has all of them, because every event reads them all, and because a condition on the item's version is then enough to
limit their number.

==================  ============  ==================================================
pk                  sk            item
==================  ============  ==================================================
``SITE#<site>``     ``WEBHOOKS``  ``webhooks`` (JSON, in the order of their creation), ``version``
==================  ============  ==================================================

Their secrets are in the parameter store, one parameter for each. A secret is created before the item names it, so that no
delivery lacks its secret, and it never changes, so that it can be cached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import orjson

from outreach import clock, dynamo
from outreach.errors import QUOTA_EXCEEDED, Conflict, Forbidden, NotFound, OutreachError
from outreach.events.models import EventType, SigningSecret, Webhook
from outreach.settings import settings
from outreach.sites import secrets
from outreach.tolerant_reader import known

MAX_WEBHOOKS = 10
# How long a replaced secret still signs in addition to the new one.
OLD_SECRET_SIGNS = timedelta(hours=24)
# More rotations within that time end the oldest secrets early, which bounds the length of the signature.
_MAX_SECRETS = 5


def list_webhooks(site_id: str) -> list[Webhook]:
    """Return a site's webhooks, oldest first (a strongly consistent read)."""
    return _load(site_id)[0]


def get(site_id: str, webhook_id: str) -> Webhook:
    """Return a webhook.

    Raises:
        NotFound: the site has no such webhook.
    """
    return _find(list_webhooks(site_id), webhook_id)


def create(draft: Webhook) -> Webhook:
    """Create a webhook and its first secret, or return the webhook that already has its id.

    Raises:
        Forbidden: the site has as many webhooks as it may have (``quota_exceeded``).
        Conflict: other requests keep changing the webhooks.
    """
    _add(list_webhooks(draft.site_id), draft)  # check the limit before a secret is created
    with _new_secret(draft.site_id, draft.id, draft.secrets[0].id):
        return _find(_change(draft.site_id, lambda webhooks: _add(webhooks, draft)), draft.id)


def update(site_id: str, webhook_id: str, changes: Mapping[str, Any]) -> Webhook:
    """Change attributes of a webhook.

    Raises:
        NotFound: the site has no such webhook.
        Conflict: other requests keep changing the webhooks.
    """
    return _replace(site_id, webhook_id, lambda webhook: replace(webhook, **changes))


def rotate_secret(site_id: str, webhook_id: str, secret_id: str) -> Webhook:
    """Replace a webhook's secret; the old one also signs for 24 hours.

    Args:
        secret_id: the id of the new secret. A repeated call with the same id changes nothing.

    Raises:
        NotFound: the site has no such webhook.
        Conflict: other requests keep changing the webhooks.
    """
    before = get(site_id, webhook_id)
    with _new_secret(site_id, webhook_id, secret_id):
        after = _replace(site_id, webhook_id, lambda webhook: _with_secret(webhook, secret_id))
    kept = {secret.id for secret in after.secrets}
    secrets.delete_webhook_secrets(site_id, webhook_id, [secret.id for secret in before.secrets if secret.id not in kept])
    return after


def delete(site_id: str, webhook_id: str) -> None:
    """Delete a webhook and its secrets. Events that wait for delivery to it are dropped.

    Raises:
        NotFound: the site has no such webhook.
        Conflict: other requests keep changing the webhooks.
    """
    # Delete the secrets first: a crash then leaves a webhook that can be deleted again, and no orphaned secret.
    _delete_secrets(get(site_id, webhook_id))
    removed: list[Webhook] = []

    def remove(webhooks: list[Webhook]) -> list[Webhook]:
        removed[:] = [webhook for webhook in webhooks if webhook.id == webhook_id]
        return [webhook for webhook in webhooks if webhook.id != webhook_id]

    _change(site_id, remove)
    for webhook in removed:
        _delete_secrets(webhook)  # again, because the secret may have been rotated meanwhile


@contextmanager
def _new_secret(site_id: str, webhook_id: str, secret_id: str) -> Iterator[None]:
    """Create a secret for a change that names it; delete the secret if the change is refused."""
    secrets.create_webhook_secret(site_id, webhook_id, secret_id)
    try:
        yield
    except OutreachError:
        # Before a conflict, a write may have succeeded although its response was lost.
        if secret_id not in {secret.id for webhook in list_webhooks(site_id) for secret in webhook.secrets}:
            secrets.delete_webhook_secrets(site_id, webhook_id, [secret_id])
        raise


def _delete_secrets(webhook: Webhook) -> None:
    secrets.delete_webhook_secrets(webhook.site_id, webhook.id, [secret.id for secret in webhook.secrets])


def _add(webhooks: list[Webhook], draft: Webhook) -> list[Webhook]:
    if any(webhook.id == draft.id for webhook in webhooks):
        return webhooks
    if len(webhooks) >= MAX_WEBHOOKS:
        raise Forbidden(f"The site has reached its limit of {MAX_WEBHOOKS} webhooks. Delete one first.", code=QUOTA_EXCEEDED)
    return [*webhooks, draft]


def _with_secret(webhook: Webhook, secret_id: str) -> Webhook:
    newest, *older = webhook.secrets
    if secret_id in (secret.id for secret in webhook.secrets):
        return webhook
    now = clock.now()
    replaced = replace(newest, until=int((now + OLD_SECRET_SIGNS).timestamp()))
    valid = [secret for secret in older if (secret.until or 0) > now.timestamp()]
    return replace(webhook, secrets=(SigningSecret(secret_id), replaced, *valid)[:_MAX_SECRETS])


def _find(webhooks: list[Webhook], webhook_id: str) -> Webhook:
    for webhook in webhooks:
        if webhook.id == webhook_id:
            return webhook
    raise NotFound("The site has no webhook with this id.")


def _replace(site_id: str, webhook_id: str, change: Callable[[Webhook], Webhook]) -> Webhook:
    def replace_one(webhooks: list[Webhook]) -> list[Webhook]:
        changed = change(_find(webhooks, webhook_id))
        return [changed if webhook.id == webhook_id else webhook for webhook in webhooks]

    return _find(_change(site_id, replace_one), webhook_id)


def _change(site_id: str, change: Callable[[list[Webhook]], list[Webhook]]) -> list[Webhook]:
    """Replace the site's webhooks by the result of ``change``, which is called again after a concurrent change."""

    def attempt() -> list[Webhook]:
        before, version = _load(site_id)
        after = change(before)
        if after != before and not dynamo.put_version(settings().sites_table, _to_item(site_id, after, version + 1), version):
            raise dynamo.WriteConflict
        return after

    return dynamo.retry_on_conflict(attempt, error=Conflict("Other requests keep changing the webhooks; try again later."))


def _load(site_id: str) -> tuple[list[Webhook], int]:
    """Return the webhooks and the version of their item; 0 if there is none."""
    item = dynamo.get(settings().sites_table, _key(site_id), consistent=True)
    if item is None:
        return [], 0
    return [_webhook(site_id, values) for values in orjson.loads(item["webhooks"])], item["version"]


def _to_item(site_id: str, webhooks: list[Webhook], version: int) -> dict[str, Any]:
    stored = [{name: value for name, value in asdict(webhook).items() if name != "site_id"} for webhook in webhooks]
    return {**_key(site_id), "webhooks": orjson.dumps(stored).decode(), "version": version}


def _webhook(site_id: str, values: dict[str, Any]) -> Webhook:
    typed = {
        "events": tuple(EventType(event) for event in values["events"]),
        "secrets": tuple(SigningSecret(**known(SigningSecret, secret)) for secret in values["secrets"]),
    }
    return Webhook(**known(Webhook, values) | typed, site_id=site_id)


def _key(site_id: str) -> dict[str, str]:
    return {"pk": f"SITE#{site_id}", "sk": "WEBHOOKS"}
