"""Merge fields: which names a message may have, and what they stand for."""

from __future__ import annotations

import pytest

from outreach.contacts.field_values import FieldType
from outreach.contacts.fields import Field, SiteFields, system_fields
from outreach.contacts.models import Contact, FieldKey, Identity, IdentityType
from outreach.errors import ValidationFailed
from outreach.sending import merge_fields, templates
from outreach.sending.merge_fields import MergeFields

PLAN = Field("1", FieldKey("plan"), "Current plan", FieldType.TEXT)
COLOURS = Field("2", FieldKey("colours"), "colours", FieldType.CHECKBOX_LIST)
STREET = Field("3", FieldKey("street"), "Straße", FieldType.TEXT)
SITE_FIELDS = SiteFields("10000", "US", (*system_fields("10000"), PLAN, COLOURS, STREET))
VALUES = {"firstName": "Ada", "city": "London", "plan": "Gold", "colours": ["red", "blue"], "street": "Weg 1"}
ADA = Contact(
    "c",
    "10000",
    "Ada & Co",
    "",
    "",
    {FieldKey(key): value for key, value in VALUES.items()},
    (
        Identity("i", IdentityType.EMAIL, "old@example.com", "old@example.com", is_deleted=True),
        Identity("j", IdentityType.EMAIL, "Ada@example.com", "ada@example.com"),
    ),
)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ name }}{{ NAME }}", "Ada & CoAda & Co"),
        ("{{ firstName }} {{ firstname }} {{ FIRSTNAME }}", "Ada Ada Ada"),
        ("{{ city }} {{ City }} {{ customFields.city }} {{ CUSTOMFIELDS.CITY }}", "London London London London"),
        ("{{ customFields['current  PLAN'] }} {{ ['Current plan'] }}", "Gold Gold"),
        ("{{ STRASSE }}", "Weg 1"),
        ("{{ email }} {{ customFields.Email }}", "Ada@example.com Ada@example.com"),
        ('{{ company | default: "there" }}', "there"),
        ("<{{ company }}{{ SMS }}>", "<>"),
        ("{% for colour in colours %}{{ colour }};{% endfor %}", "red;blue;"),
        ("{{ colours.first }} {{ colours[1] }} {{ colours.size }} {{ name.size }}", "red blue 2 8"),
        ('{% assign field = "CITY" %}{{ customFields[field] }}', "London"),
        ("{% if City == 'London' and colours contains 'red' %}yes{% endif %}", "yes"),
    ],
)
def test_a_merge_field_stands_for_the_contacts_value(template: str, text: str) -> None:
    merge_fields.require_known_names(template, SITE_FIELDS)
    assert templates.render(template, MergeFields(SITE_FIELDS, ADA)) == text


@pytest.mark.parametrize(
    "template",
    [
        "{% assign x = city %}{{ x }}",
        "{% capture x %}{{ city }}{% endcapture %}{{ x }}",
        "{% for x in colours %}{{ x }}{{ forloop.index }}{{ last }}{% assign last = x %}{% endfor %}",
        "{% increment n %}{{ n }}",
        "{% liquid assign x = city\necho x %}",
        "{{ 'now' | date: '%Y' }}{{ today | date: '%Y' }}",
        "{% comment %}{{ unknown }}{% endcomment %}{% raw %}{{ unknown }}{% endraw %}",
    ],
)
def test_a_name_that_the_template_defines_is_known(template: str) -> None:
    assert merge_fields.unknown_names(template, SITE_FIELDS) == []


@pytest.mark.parametrize(
    ("template", "nearest"),
    [
        ("{{ fristName }}", "firstName"),
        ("{{ first_name }}", "firstName"),
        ("{{ nmae }}", "name"),
        ("{{ contact.firstName }}", "firstName"),
        ("{{ company.foo }}", "company"),
        ("{{ name.first_name }}", "name"),
        ("{{ customFields.compny }}", "customFields.company"),
        ("{{ customFields['curent plan'] }}", 'customFields["Current plan"]'),
        ("{{ currentPlan }}", 'customFields["Current plan"]'),
        ("{{ name | default: fristName }}", "firstName"),
        ("{{ name | append: 'a', size: fristName }}", "firstName"),
        ("{{ customFields[ctiy] }}", "city"),
        ("{{ colours[ctiy] }}", "city"),
        ("{% if ctiy == 'Oslo' %}{% endif %}", "city"),
        ("{% if city == 'a' %}{% elsif 1 == ctiy %}{% endif %}", "city"),
        ("{% unless city contains ctiy %}{% endunless %}", "city"),
        ("{% case ctiy %}{% when 'a' %}{% endcase %}", "city"),
        ("{% case city %}{% when ctiy %}{% endcase %}", "city"),
        ("{% case city %}{% when 'a' %}{{ ctiy }}{% endcase %}", "city"),
        ("{% for x in colors %}{% endfor %}", "colours"),
        ("{% for x in colours limit: ctiy %}{% endfor %}", "city"),
        ("{% for x in colours offset: ctiy %}{% endfor %}", "city"),
        ("{% for x in colours %}{% else %}{{ ctiy }}{% endfor %}", "city"),
        ("{% assign x = ctiy %}", "city"),
        ("{% assign x = city | append: ctiy %}", "city"),
        ("{% capture x %}{{ ctiy }}{% endcapture %}", "city"),
        ("{% echo ctiy %}", "city"),
        ("{% liquid echo ctiy %}", "city"),
        ("{% cycle ctiy, 'a' %}", "city"),
        ("{% ifchanged %}{{ ctiy }}{% endifchanged %}", "city"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_one(template: str, nearest: str) -> None:
    with pytest.raises(ValidationFailed) as failure:
        merge_fields.require_known_names(template, SITE_FIELDS)
    (error,) = failure.value.errors
    assert error.pointer == "/message"
    assert error.message.endswith(f"did you mean {nearest}?")


def test_every_unknown_name_is_named_once() -> None:
    assert merge_fields.unknown_names("{{ a1 }}{{ b.c[d] }}{{ a1 }}{{ customFields }}", SITE_FIELDS) == [
        "a1",
        "b.c[d]",
        "d",
        "customFields",
    ]


def test_a_loop_variable_is_unknown_after_its_loop() -> None:
    assert merge_fields.unknown_names("{% for x in colours %}{% endfor %}{{ x }}", SITE_FIELDS) == ["x"]
