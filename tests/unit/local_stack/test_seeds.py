"""The seeds match the documentation and the carrier simulator."""

import base64
import json
from typing import Any

import boto3
import pytest
from carrier_simulator.accounts import load_accounts
from local_stack import seeds
from outreach_admin import admin

from outreach.settings import settings
from outreach.sites import site_store
from outreach.sites.models import Carrier


@pytest.fixture
def seeded(aws: None) -> None:
    seeds.seed()


def _stored() -> tuple[list[Any], list[Any]]:
    items = boto3.client("dynamodb").scan(TableName=settings().sites_table)["Items"]
    parameters = boto3.client("ssm").get_parameters_by_path(Path=settings().secrets_prefix, Recursive=True, WithDecryption=True)
    return items, [(parameter["Name"], parameter["Value"]) for parameter in parameters["Parameters"]]


@pytest.mark.usefixtures("seeded")
def test_seeding_again_changes_nothing() -> None:
    before = _stored()
    seeds.seed()
    assert _stored() == before


@pytest.mark.usefixtures("seeded")
def test_a_revoked_key_does_not_keep_the_stack_from_starting() -> None:
    admin.revoke_api_key("10000", site_store.key_id(site_store.hash_key("local-10000")))
    seeds.seed()
    assert site_store.find_key("local-10000") is None


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize(("api_key", "site_id"), [("local-10000", "10000"), ("local-20000", "20000")])
def test_a_local_key_gives_access_to_its_site(api_key: str, site_id: str) -> None:
    key = site_store.find_key(api_key)
    assert key is not None
    assert (key.site_id, key.scopes) == (site_id, frozenset())
    assert site_store.get_site(site_id).private_callbacks


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize(
    ("account_id", "site_id", "number", "rate"),
    [
        ("647277e8-06a5-4eec-ba66-1cdd617dc778", "10000", "+15005550006", 100),
        ("647277e8-06a5-4eec-ba66-1cdd617dc779", "10000", "+15005550007", 5),
        ("747277e8-06a5-4eec-ba66-1cdd617dc778", "10000", "+15005550008", 100),
        ("847277e8-06a5-4eec-ba66-1cdd617dc778", "20000", "+15005550009", 100),
    ],
)
def test_each_account_has_its_number_and_rate(account_id: str, site_id: str, number: str, rate: int) -> None:
    assert site_store.site_of_account(account_id) == site_id
    account = site_store.get_account(site_id, account_id)
    assert (account.number, account.messages_per_second) == (number, rate)


def test_the_simulator_knows_the_credentials_of_every_account() -> None:
    simulator = load_accounts(None)
    expected = {channel: {"token": account.token} for account in simulator.twilio for channel in account.channels.values()} | {
        channel: {"api_key": account.key, "public_key": base64.b64encode(bytes(account.signing_key.verify_key)).decode()}
        for account in simulator.telnyx
        for channel in account.channels.values()
    }
    assert {account.id: credentials for account, credentials in seeds.ACCOUNTS} == expected


def test_the_simulator_knows_the_number_and_sid_of_every_account() -> None:
    simulator = load_accounts(None)
    sids = {channel: account.sid for account in simulator.twilio for channel in account.channels.values()}
    twilio = [account for account, _ in seeds.ACCOUNTS if account.carrier is Carrier.TWILIO]
    assert {account.id: account.carrier_account for account in twilio} == sids
    numbers = {channel: number for owner in (*simulator.twilio, *simulator.telnyx) for number, channel in owner.channels.items()}
    assert {account.id: account.number for account, _ in seeds.ACCOUNTS} == numbers


@pytest.mark.usefixtures("seeded")
def test_the_callback_secret_is_the_documented_one() -> None:
    secrets = [json.loads(value) for name, value in _stored()[1] if name.endswith("/callback")]
    assert secrets == [["whsec_bG9jYWwtb3V0cmVhY2gtY2FsbGJhY2stc2VjcmV0LTAx"]] * 2
