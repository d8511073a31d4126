"""Published events in the callbacks table, each with the body that is posted to every webhook.

========================  ==========================================================
pk                        item
========================  ==========================================================
``<site>#EVENT#<event>``  ``body`` (JSON); expires 7 days later, after every retry
========================  ==========================================================
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from outreach import clock, dynamo
from outreach.events.models import Event
from outreach.settings import settings

_RETENTION = timedelta(days=7)


def put_new(event: Event) -> None:
    """Store an event, unless it is stored."""
    expires = int((clock.now() + _RETENTION).timestamp())
    item = {**_key(event.site_id, event.id), "body": event.body.decode(), "expires": expires}
    dynamo.put_new(settings().callbacks_table, item)


def get_bodies(site_id: str, event_ids: Iterable[str], *, consistent: bool = True) -> dict[str, bytes]:
    """Return the bodies of those events that exist, by id."""
    keys = {_key(site_id, event_id)["pk"]: event_id for event_id in event_ids}
    items = dynamo.batch_get(settings().callbacks_table, [{"pk": pk} for pk in keys], consistent=consistent)
    return {keys[item["pk"]]: item["body"].encode() for item in items}


def _key(site_id: str, event_id: str) -> dict[str, str]:
    return {"pk": f"{site_id}#EVENT#{event_id}"}
