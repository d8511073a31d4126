from __future__ import annotations

import pytest

from outreach.carriers import codes, registry
from outreach.carriers.protocol import CarrierClient
from outreach.sites.models import POOLS, Carrier
from tests.support.carriers import ACCOUNTS
from tests.support.template import ROOT

FUNCTIONS = [name for name in vars(CarrierClient) if not name.startswith("_")]

every_carrier = pytest.mark.parametrize("carrier", list(Carrier))


@every_carrier
def test_every_table_has_the_carrier(carrier: Carrier) -> None:
    entry = registry.entry(carrier)
    assert carrier in POOLS
    assert codes.of_carrier(carrier)
    assert entry.secrets
    assert (ROOT / f"functions/webhooks/receive_{entry.webhook_path}/app.py").is_file()
    assert carrier in {account.carrier for account in ACCOUNTS.values()}


@every_carrier
def test_the_client_of_a_carrier_has_the_functions_of_the_protocol(carrier: Carrier) -> None:
    client = registry.entry(carrier).client()
    assert [name for name in FUNCTIONS if not callable(getattr(client, name, None))] == []
    assert client.CARRIER is carrier
