"""The description, tried against the real handlers: no 5xx, no status, header or body that it doesn't have."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from tests.support import description, gateway, world

schema = description.schema()
schema.app = gateway.application

# Ids that exist, by the beginning of the path.
IDS = {
    "/contact/contacts/": world.CONTACT,
    "/contact/contactIdentities/": world.identity_id(world.CONTACT, 1),
    "/contact/fields/": world.FIELD,
    "/contact/contactImportRecords/": world.FILE,
    "/contact/contactExportRecords/": world.FILE,
    "/outreach/campaigns/": world.CAMPAIGN,
    "/outreach/campaignRecords/": world.RECORD,
    "/outreach/messages/": world.campaign_message_id(world.RECORD, world.CONTACT),
    "/ticketing/ticket/": 1,
    "/listResults/": world.FILE,
}


@pytest.fixture
def api(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A site in which those ids exist."""
    with world.outside(monkeypatch) as outside:
        world.make(outside.url, monkeypatch)
        yield


@schema.parametrize()
@settings(suppress_health_check=list(HealthCheck))
def test_a_request_is_answered_as_described(case: schemathesis.Case, api: None) -> None:
    if case.path_parameters.get("id"):
        case.path_parameters["id"] = next(known for start, known in IDS.items() if case.path.startswith(start))
    case.call_and_validate(headers=description.KEY)
