from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.errors import ValidationFailed
from outreach.sending import templates

ADA = {"firstName": "Ada", "name": "Ada & Co", "customFields": {"company": "Acme", "colours": ["red", "blue"], "none": None}}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Hi {{ firstName }}!", "Hi Ada!"),
        ("{{ customFields.company }} {{customFields['company']}}", "Acme Acme"),
        ('{{ nickname | default: "there" }}', "there"),
        ("<{{ nickname }}|{{ nick.name.s }}|{{ customFields.none }}>", "<||>"),
        ("{{ name }} <b> \"'", "Ada & Co <b> \"'"),
        ("{{ firstName | upcase }}{% if firstName == 'Ada' %}!{% else %}?{% endif %}", "ADA!"),
        ("{{ customFields.colours | join: ', ' }}", "red, blue"),
        ("{% assign x = firstName | append: '.' %}{{ x }}", "Ada."),
        ("{% raw %}{{ firstName }}{% endraw %}", "{{ firstName }}"),
        ("no fields", "no fields"),
        ("", ""),
        ("100 % { } }} %}", "100 % { } }} %}"),
    ],
)
def test_merge_fields_are_filled_in(template: str, text: str) -> None:
    assert templates.render(template, ADA) == text


@pytest.mark.parametrize(
    "template",
    [
        "{{ firstName",
        "{{ firstName | }}",
        "{{ | upcase }}",
        "{% if firstName %}",
        "{% endif %}",
        "{% unknown %}",
        "{{ firstName | unknown }}",
        "{% if false %}{{ firstName | unknown }}{% endif %}",
        "{% include 'a' %}",
        "{% render '/etc/passwd' %}",
        "{% for x in (1..9) %}{% endfor %}",
        "{% tablerow x in (1..9) %}{% endtablerow %}",
        "{% liquid\nfor x in (1..9)\nendfor %}",
        "{% if a %}" * 100 + "{% endif %}" * 100,
        "{{ a" + "[a" * 1300 + "]" * 1300 + " }}",
        "x" * (templates.MAX_TEMPLATE_CHARACTERS + 1),
        "{{ a }}" * (templates.MAX_FIELDS + 1),
    ],
)
def test_a_template_that_does_not_parse_points_at_the_message(template: str) -> None:
    with pytest.raises(ValidationFailed) as failure:
        templates.parse(template)
    assert [error.pointer for error in failure.value.errors] == ["/message"]


@pytest.mark.parametrize(
    "template",
    [
        "{{ (1..1000000000) | join }}",
        "{{ (1..1000000000) | reverse | first }}",
        "{{ firstName | default: (1..1000000000) | size | append: firstName | concat: (1..1000000000) }}",
        "{% assign a = 'aaaaaaaaaa' %}" + "{% assign a = a | append: a %}" * 30 + "{{ a }}",
        "{% assign a = 'aaaaaaaaaa' %}" + "{% assign a = a | replace: 'a', a %}" * 5 + "{{ a }}",
        "{% assign a = 99999999 %}" + "{% assign a = a | times: a %}" * 14 + "{{ a }}",
        "{{ 1 | divided_by: 0 }}",
        "{{ firstName | times: 'x', 'y' }}",
        "{% assign a = 'aaaaaaaaaa' %}" + "{% assign a = a | append: a %}" * 9 + "{{ a }}" * 20,
    ],
)
def test_a_template_that_wants_too_much_is_refused_at_once(template: str) -> None:
    started = time.process_time()
    with pytest.raises(ValidationFailed):
        templates.render(template, ADA)
    assert time.process_time() - started < 2


@given(
    st.lists(
        st.sampled_from(["{{", "}}", "{%", "%}", " a ", "|", "if", "endif", "'", "1", "..", "(", ")", "[", ".", "date: ", "-"])
    )
)
def test_any_template_is_either_rendered_or_refused(parts: list[str]) -> None:
    with suppress(ValidationFailed):
        assert isinstance(templates.render("".join(parts), {"a": 1}), str)


def test_an_error_shows_nothing_of_the_fields() -> None:
    with pytest.raises(ValidationFailed) as failure:
        templates.render("{{ a | divided_by: b }}", {"a": 1, "b": "secret"})
    assert "secret" not in str(failure.value)


def test_a_template_is_compiled_once() -> None:
    assert templates.parse("Hi {{ name }}") is templates.parse("Hi {{ name }}")


def test_the_library_is_not_imported_before_it_is_needed() -> None:
    """It takes several times longer than the rest of the package."""
    script = "import sys, outreach.sending.templates; sys.exit('liquid' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": ":".join(sys.path)}, check=True)  # noqa: S603
