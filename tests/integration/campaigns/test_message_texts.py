"""Texts of messages: what is refused at the door, what skips or fails a contact, and what pauses a send."""

from __future__ import annotations

from typing import Any

import pytest

from outreach.callbacks import callback_queue
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.messages import message_store
from outreach.messages.models import campaign_message_id
from outreach.settings import settings
from tests.support import carriers, pipeline, ticket_steps
from tests.support.functions import Answer, call
from tests.support.pipeline import SITE, Pump

NUMBERS = [f"+1212555{number}" for number in range(1200, 1203)]
TELNYX = {"channelAccountId": carriers.TELNYX_ACCOUNT.id}
TEN_SEGMENTS = "a" * 1_530
BLANK = [" ", "\n\t", "\u00a0\u200b", "\u200d\ufeff"]
TOO_LONG = ["a" * 1_601, "é" * 1_601, "\U0001f600" * 1_601]


def create(**changes: Any) -> Answer:
    body = {"name": "test", "channel": "sms", "channelAccountId": pipeline.ACCOUNT.id, "message": "Hello!"} | changes
    return call("outreach/create_campaign", "POST", "/outreach/campaigns", body)


def update(campaign_id: str, **changes: Any) -> Answer:
    return call("outreach/update_campaign", "PUT", f"/outreach/campaigns/{campaign_id}", changes)


def act(campaign_id: str, verb: str) -> dict[str, Any]:
    answer = call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign_id}:{verb}")
    assert answer.status == 200, answer.body
    return dict(answer.body)


def is_refused(answer: Answer) -> bool:
    return answer.status == 400 and [error["pointer"] for error in answer.body["errors"]] == ["/message"]


@pytest.fixture
def site(aws: None) -> None:
    carriers.put_accounts()


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    "changes",
    [
        *({"message": text} for text in ["", *BLANK, *TOO_LONG, "a" * 4_001]),
        {"message": "{{ fristName }}"},
        {"message": "{% if name %}"},
        {"message": "{{ '' }}{% comment %}nothing{% endcomment %}"},
        {"message": "{% assign a = 'aaaaaaaaaa' %}" + "{% assign a = a | append: a %}" * 30 + "{{ name }}"},
        TELNYX | {"message": TEN_SEGMENTS + "a"},
        TELNYX | {"message": "✓" * 671},
    ],
)
def test_an_unsendable_text_is_refused(changes: dict[str, str]) -> None:
    assert is_refused(create(**changes))
    campaign_id = create().body["id"]
    assert is_refused(update(campaign_id, **changes))
    assert call("outreach/get_campaign", "GET", f"/outreach/campaigns/{campaign_id}").body["message"] == "Hello!"


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    "changes",
    [
        {"message": "a" * 1_600},
        {"message": "✓" * 1_600},
        {"message": "{{ name }}" + "a" * 1_700},
        {"message": "{% raw %}{{ fristName }}{% endraw %}"},
        TELNYX | {"message": TEN_SEGMENTS},
        TELNYX | {"message": "’" * 1_530, "replacesSmartQuotes": True},
    ],
)
def test_a_text_that_may_be_sent_is_accepted(changes: dict[str, Any]) -> None:
    assert create(**changes).status == 201


@pytest.mark.usefixtures("site")
def test_an_unknown_field_is_answered_with_the_nearest_one() -> None:
    (error,) = create(message="Hi {{ fristName }}!").body["errors"]
    found = "contains fristName at line 1, column 7, in {{ fristName }}"
    assert error["message"] == f"{found}, which is not a merge field of this site; did you mean firstName?"


@pytest.mark.usefixtures("site")
def test_a_text_must_suit_the_account_that_a_campaign_changes_to() -> None:
    campaign_id = create(message=TEN_SEGMENTS + "a").body["id"]
    assert is_refused(update(campaign_id, **TELNYX))


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    "changes", [*({"message": text} for text in ["", *BLANK, *TOO_LONG]), TELNYX | {"message": TEN_SEGMENTS + "a"}]
)
def test_a_single_message_that_cannot_be_sent_is_refused(changes: dict[str, str]) -> None:
    contact_id = pipeline.create_contact(NUMBERS[0])
    body = {"channelAccountId": pipeline.ACCOUNT.id} | changes
    assert is_refused(call("outreach/create_message", "POST", "/outreach/messages", {**body, "contactId": contact_id}))
    url = "/outboundunichannel/messages"
    assert is_refused(call("unichannel/create_outbound_message", "POST", url, {**body, "to": NUMBERS[0]}))


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("text", BLANK)
def test_a_message_cannot_be_changed_or_recorded_without_a_text(text: str) -> None:
    body = {"channelAccountId": pipeline.ACCOUNT.id, "contactId": pipeline.create_contact(NUMBERS[0]), "status": "sent"}
    assert is_refused(call("outreach/create_message", "POST", "/outreach/messages", {**body, "message": text}))
    message_id = call("outreach/create_message", "POST", "/outreach/messages", {**body, "message": "Hello"}).body["id"]
    assert is_refused(call("outreach/update_message", "PUT", f"/outreach/messages/{message_id}", {"message": text}))


def test_what_renders_blank_or_too_long_is_skipped_and_what_is_expensive_fails(carrier: str) -> None:
    pipeline.create_contact(NUMBERS[0], company="Acme")
    blank = pipeline.create_contact(NUMBERS[1])
    too_long = pipeline.create_contact(NUMBERS[2], description="a" * 1_590, company="Acme & Co.")
    expensive = pipeline.create_contact("+12125551203", description="a" * 2_000, company="x")
    doubling = "{% if company == 'x' %}{% assign d = description %}" + "{% assign d = d | append: d %}" * 4 + "{% endif %}"
    campaign_id = pipeline.create_campaign(message=doubling + "{{ company }} {{ description }}")["id"]
    preview = act(campaign_id, "preview")
    record_id = pipeline.send(campaign_id)
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == 1)
    counts = pipeline.counts(record_id)
    assert (counts["skippedReasons"], counts["failed"]) == ({"blank_message": 1, "message_too_long": 1}, 1)
    assert preview["skippedReasons"] == counts["skippedReasons"]
    skipped = call("outreach/list_skipped_contacts", "GET", f"/outreach/campaignRecords/{record_id}/skipped").body["skipped"]
    assert {entry["contactId"]: entry["reason"] for entry in skipped} == {blank: "blank_message", too_long: "message_too_long"}
    failed = message_store.get(SITE, campaign_message_id(record_id, expensive))
    assert failed.failed_reason.startswith("template_error: ")


def test_an_opted_out_contact_is_skipped_as_such_whatever_its_text_renders_to(carrier: str) -> None:
    descriptions = ["", "a" * 1_601, "Hello!"]
    contacts = [pipeline.create_contact(number, description=text) for number, text in zip(NUMBERS, descriptions, strict=True)]
    for number in NUMBERS:
        opt_outs.add(SITE, number, Source.API)
    campaign_id = pipeline.create_campaign(message="{{ description }}")["id"]
    preview = act(campaign_id, "preview")
    record_id = pipeline.send(campaign_id)
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.counts(record_id)["skipped"] == len(contacts))
    assert preview["skippedReasons"] == pipeline.counts(record_id)["skippedReasons"] == {"opted_out": len(contacts)}
    skipped = call("outreach/list_skipped_contacts", "GET", f"/outreach/campaignRecords/{record_id}/skipped").body["skipped"]
    assert {entry["contactId"]: entry["reason"] for entry in skipped} == dict.fromkeys(contacts, "opted_out")


@pytest.fixture
def field_id(carrier: str) -> str:
    """A field of the site; three contacts have it."""
    field_id = create_field("plan")
    for number in NUMBERS:
        pipeline.create_contact(number, plan="Gold")
    return field_id


def create_field(name: str) -> str:
    return str(call("contacts/create_field", "POST", "/contact/fields", {"name": name, "type": "text"}).body["id"])


def delete_field(field_id: str) -> None:
    assert call("contacts/delete_field", "DELETE", f"/contact/fields/{field_id}").status == 204


def rename_field(field_id: str, name: str) -> None:
    assert call("contacts/update_field", "PUT", f"/contact/fields/{field_id}", {"name": name}).status == 200


def test_a_send_pauses_while_a_field_of_its_message_has_another_name(carrier: str, field_id: str) -> None:
    campaign_id = pipeline.create_campaign(message="Your plan: {{ plan }}")["id"]
    rename_field(field_id, "tariff")
    record_id = pipeline.send(campaign_id)
    for _ in range(2):
        pipeline.fan_out(record_id)
        record = pipeline.record(record_id)
        assert (record["status"], record["counts"]["queued"]) == ("paused", len(NUMBERS))
        assert record["statusReason"].startswith("missing_field: the message contains plan,")
        assert "a field that is created again has no values" in record["statusReason"]
        assert record["statusReason"].endswith("; or cancel the send")
        act(campaign_id, "resume")
    rename_field(field_id, "Plan")
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.record(record_id)["status"] == "completed")
    assert pipeline.accepted(carrier) == NUMBERS
    contact_ids = pipeline.audience_of(record_id)
    messages = [message_store.get(SITE, campaign_message_id(record_id, contact_id)) for contact_id in contact_ids]
    assert {message.body for message in messages} == {"Your plan: Gold"}


def test_a_send_works_once_a_deleted_field_exists_again(carrier: str, field_id: str) -> None:
    campaign_id = pipeline.create_campaign(message="Your plan: {{ customFields.PLAN }}")["id"]
    record_id = pipeline.send(campaign_id)
    delete_field(field_id)
    pipeline.fan_out(record_id)
    assert "contains customFields.PLAN," in pipeline.record(record_id)["statusReason"]
    create_field("plan")
    assert act(campaign_id, "resume")["statusReason"] is None
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == len(NUMBERS))


def test_a_preview_warns_of_a_missing_field(field_id: str) -> None:
    campaign_id = pipeline.create_campaign(message="Your plan: {{ plan }}")["id"]
    pipeline.create_contact(None)
    assert act(campaign_id, "preview")["warnings"] == []
    delete_field(field_id)
    (warning,) = act(campaign_id, "preview")["warnings"]
    assert (warning["code"], warning["count"]) == ("missing_field", len(NUMBERS))
    assert "plan" in warning["message"]


def test_other_properties_of_a_campaign_can_change_while_a_field_is_missing(field_id: str) -> None:
    campaign_id = pipeline.create_campaign(message="Your plan: {{ plan }}")["id"]
    delete_field(field_id)
    assert update(campaign_id, name="other").status == 200
    assert is_refused(update(campaign_id, message="Your plan: {{ plan }}"))


PLAN_IS_GOLD = {"fieldName": "plan", "operator": "Is", "value": "Gold", "order": 1}


def test_other_properties_of_a_campaign_can_change_while_a_field_of_its_filter_is_missing(field_id: str) -> None:
    campaign_id = pipeline.create_campaign(contactFilterConditions=[PLAN_IS_GOLD])["id"]
    delete_field(field_id)
    answer = update(campaign_id, name="other")
    assert (answer.status, answer.body["contactFilterConditions"][0]["fieldName"]) == (200, "plan")
    refused = update(campaign_id, contactFilterConditions=[PLAN_IS_GOLD])
    assert [error["pointer"] for error in refused.body["errors"]] == ["/contactFilterConditions/0/fieldName"]


@pytest.mark.parametrize(("verb", "body"), [("preview", None), ("test", {"to": NUMBERS[0]})])
def test_a_missing_field_of_the_filter_is_a_conflict_without_a_pointer(field_id: str, verb: str, body: Any) -> None:
    campaign_id = pipeline.create_campaign(contactFilterConditions=[PLAN_IS_GOLD])["id"]
    delete_field(field_id)
    answer = call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign_id}:{verb}", body)
    assert (answer.status, answer.body["code"]) == (409, "missing_field")
    problem = "condition 1 (plan): fieldName must be a contact field, but the site has no field plan. Change"
    assert problem in answer.body["detail"]
    assert "errors" not in answer.body


def test_a_send_whose_filter_no_longer_fits_the_fields_pauses_until_it_does(carrier: str, field_id: str) -> None:
    campaign_id = pipeline.create_campaign(contactFilterConditions=[PLAN_IS_GOLD])["id"]
    rename_field(field_id, "tariff")
    record_id = pipeline.send(campaign_id)
    for _ in range(2):
        pipeline.freeze(record_id)
        record = pipeline.record(record_id)
        assert (record["status"], record["counts"]["audience"]) == ("paused", None)
        assert record["statusReason"].startswith(
            "missing_field: the filter no longer fits the fields of this site: condition 1 (plan): fieldName"
        )
        assert "a field that is created again has no values" in record["statusReason"]
        act(campaign_id, "resume")
    rename_field(field_id, "Plan")
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.record(record_id)["status"] == "completed")
    assert pipeline.accepted(carrier) == NUMBERS


def test_a_filter_of_many_conditions_on_a_field_with_many_options_pauses_the_send_too(carrier: str) -> None:
    options = [{"value": f"{number:03} {'x' * 250}"} for number in range(300)]
    body = {"name": "segment", "type": "dropdownlist", "fieldOptions": options}
    field_id = call("contacts/create_field", "POST", "/contact/fields", body).body["id"]
    conditions = [
        {"fieldName": "segment", "operator": "Is", "value": options[0]["value"], "order": order} for order in range(100)
    ]
    campaign_id = pipeline.create_campaign(contactFilterConditions=conditions)["id"]
    assert call("contacts/update_field", "PUT", f"/contact/fields/{field_id}", {"fieldOptions": options[1:]}).status == 200
    record_id = pipeline.send(campaign_id)
    pipeline.freeze(record_id)
    record = pipeline.record(record_id)
    assert (record["status"], "condition 1 (segment): value must be one of" in record["statusReason"]) == ("paused", True)
    assert "; and more; make the fields as they were and resume" in record["statusReason"]
    assert len(record["statusReason"]) < 3_000


def test_a_message_that_cannot_be_rendered_is_announced_like_any_failure(carrier: str) -> None:
    contact_id = pipeline.create_contact("+12125551200")
    campaign = pipeline.create_campaign(
        message="{{ 6 | divided_by: customFields.fax }}", callbackURL="https://customer.example/hook"
    )
    record_id = pipeline.send(str(campaign["id"]))
    pipeline.fan_out(record_id)
    Pump().process_changes()
    ((job,),) = map(callback_queue.from_json, ticket_steps.queued_bodies(settings().callback_queue_url))
    assert (job.subject_id, job.sequence, job.is_last) == (campaign_message_id(record_id, contact_id), 1, True)
    assert pipeline.record(record_id)["failures"][0]["count"] == 1
