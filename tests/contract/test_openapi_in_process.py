"""The handlers answer generated requests without a 5xx, and only with statuses, headers and bodies of the description."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from werkzeug.test import Client

from outreach.contacts.models import identity_id
from outreach.messages.models import campaign_message_id
from tests.support import gateway, openapi_schema, sample_data
from tests.support.api_description import DESCRIPTION

schema = openapi_schema.schema()
schema.app = gateway.application

_MADE: list[str] = []
# Ids of existing items, by the start of the path.
IDS = {
    "/contact/contacts/": sample_data.CONTACT,
    "/contact/contactIdentities/": identity_id(sample_data.CONTACT, 1),
    "/contact/fields/": sample_data.FIELD,
    "/contact/contactImportRecords/": sample_data.FILE,
    "/contact/contactExportRecords/": sample_data.FILE,
    "/outreach/campaigns/": sample_data.CAMPAIGN,
    "/outreach/campaignRecords/": sample_data.RECORD,
    "/outreach/messages/": campaign_message_id(sample_data.RECORD, sample_data.CONTACT),
    "/outreach/replies/": sample_data.REPLY,
    "/outboundunichannel/messages/": sample_data.OUTBOUND_MESSAGE,
    "/outreach/webhooks/": sample_data.WEBHOOK,
    "/ticketing/ticket/": 1,
    "/ticketing/tickets/": 1,
    "/listResults/": sample_data.FILE,
}


@pytest.fixture
def api(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A site in which the ids of `IDS` exist."""
    with sample_data.external_services(monkeypatch) as outside:
        sample_data.create(outside.url, monkeypatch, _MADE)
        yield


@schema.parametrize()
@settings(suppress_health_check=list(HealthCheck))
def test_a_response_matches_the_description(case: schemathesis.Case[Any], api: None) -> None:
    if case.path_parameters.get("id"):
        case.path_parameters["id"] = next(existing for start, existing in IDS.items() if case.path.startswith(start))
    case.call_and_validate(headers=openapi_schema.KEY)


def test_every_value_of_a_filter_is_accepted(api: None) -> None:
    client = Client(gateway.application)
    filters = [
        (path, parameter["name"], value)
        for path, item in DESCRIPTION["paths"].items()
        for parameter in item.get("get", {}).get("parameters", [])
        if "{" not in path and not str(parameter.get("name")).startswith("sort")
        for value in parameter.get("schema", {}).get("enum", [])
    ]
    assert len(filters) > 20
    for path, name, value in filters:
        answer = client.get(path, query_string={name: value}, headers=openapi_schema.KEY)
        assert answer.status_code in (200, 303), (path, name, value)
