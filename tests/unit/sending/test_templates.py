from __future__ import annotations

import math
import subprocess
import sys
import time
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outreach.errors import ValidationFailed
from outreach.messages.models import MAX_TEMPLATE_CHARACTERS
from outreach.sending import liquid_sandbox, templates

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
    ("condition", "is_true"),
    [
        ("nickname == blank", True),
        ("blank == nickname", True),
        ("nickname != blank", False),
        ("customFields.none == blank", True),
        ("customFields.nowhere == blank", True),
        ("firstName == blank", False),
        ("firstName != blank and nickname == blank", True),
        ("'' == blank", True),
        ("' ' == blank", True),
        ("blank == blank", True),
        ("nickname == ''", False),
        ("nickname == nil", True),
    ],
)
def test_a_field_without_a_value_is_blank(condition: str, is_true: bool) -> None:
    assert templates.render(f"{{% if {condition} %}}yes{{% else %}}no{{% endif %}}", ADA) == ("yes" if is_true else "no")
    assert templates.render(f"{{% unless {condition} %}}no{{% else %}}yes{{% endunless %}}", ADA) == ("yes" if is_true else "no")


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\u2028"])
@pytest.mark.parametrize(
    "template",
    [
        "a{0}b",
        "{0}{{{{ name }}}}{0}",
        "{{% capture x %}}a{0}{{% endcapture %}}{{{{ x }}}}",
        "{{% if true %}}a{0}{0}b{{% endif %}}",
    ],
)
def test_line_breaks_of_a_template_and_its_fields_stay_as_they_are(template: str, line_break: str) -> None:
    text = templates.render(template.format(line_break), {"name": f"Ada{line_break}Bob"})
    assert text == templates.render(template.format("|"), {"name": "Ada|Bob"}).replace("|", line_break)


@pytest.mark.parametrize(
    ("template", "name", "expected"),
    [
        ("Hi {{ name }}!", "A\x00d\x1ba\ufffe", "Hi Ada!"),
        ("Hi {{ name }}!", "A\vB\x85C", "Hi A\nB\nC!"),
        ("a\x07b", "", "ab"),
        ("{{ 'a%00%07b' | url_decode }}", "", "ab"),
    ],
)
def test_no_control_character_is_rendered(template: str, name: str, expected: str) -> None:
    assert templates.render(template, {"name": name}) == expected


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
        "{% assign x = (1..9) %}",
        "{{ a" + ".b" * 10 + " }}",
        "{% tablerow x in (1..9) %}{% endtablerow %}",
        "{% liquid\nfor x in (1..9)\nendfor %}",
        "{{ a" + " " * 100 + " }}",
        "{% if a %}" * 100 + "{% endif %}" * 100,
        "{{ a" + "[a" * 1300 + "]" * 1300 + " }}",
        "x" * (MAX_TEMPLATE_CHARACTERS + 1),
        "{{ a }}" * (templates.MAX_FIELDS + 1),
    ],
)
def test_the_error_of_an_invalid_template_points_at_the_message(template: str) -> None:
    with pytest.raises(ValidationFailed) as failure:
        templates.parse(template)
    assert [error.pointer for error in failure.value.errors] == ["/message"]


FIELDS = {
    **ADA,
    "text": "a" * 10_000,
    "emoji": "\U0001f600" * 10_000,
    "words": "a " * 5_000,
    "list": ["a"] * 1_000,
    "long_list": [str(number) for number in range(5_000)],
    "copy": [str(number) for number in range(5_000)],
    "dates": [f"2022-05-23 10:{minute:02}" for minute in range(60)] * 16,
}
LOOP, END = "{% for x in list %}", "{% endfor %}"
EXPENSIVE = {
    "integer powers": "{% assign a = 99999999 %}" + "{% assign a = a | times: a %}" * 14 + "{{ a }}",
    "times": "{{ 9999999999" + " | times: 9999999999" * 100 + " }}",
    "append": "{% assign a = 'aaaaaaaaaa' %}" + "{% assign a = a | append: a %}" * 30 + "{{ a }}",
    "replace": "{% assign a = 'aaaaaaaaaa' %}" + "{% assign a = a | replace: 'a', a %}" * 5 + "{{ a }}",
    "replace nothing": "{{ text | replace: '', text }}",
    "join": "{{ list | join: text }}",
    "concat": "{% assign a = text | split: ',' %}" + "{% assign a = a | concat: a %}" * 60 + "{{ a | join: text }}",
    "split": LOOP + "{% assign a = words | split: ' ' | sort | reverse | join: '' %}" * 50 + END,
    "uniq": "{{ long_list | uniq | size }}",
    "sort": "{% for y in list %}" + "{% assign a = long_list | sort %}" * 50 + END,
    "capture": "{% assign a = 'aaaaaaaaaa' %}" + "{% capture a %}{{ a }}{{ a }}{% endcapture %}" * 60,
    "capture in a loop": LOOP + "{% capture a %}{{ emoji }}{{ emoji }}{% endcapture %}" * 60 + END,
    "nested loops": LOOP * 20 + "x" + END * 20,
    "loops": (LOOP + "{{ text | size }}" + END) * 60,
    "empty blocks": LOOP + "{%if 1%}{%endif%}" * 230 + END,
    "conditions": LOOP + "{%if 1" + " and 1" * 200 + "%}{%endif%}" * 2 + END,
    "comparison": LOOP + "{%if long_list == copy%}{%endif%}" * 100 + END,
    "contains": LOOP + "{%if text contains emoji%}{%endif%}" * 100 + END,
    "cases": LOOP + "{% case 1 %}" + "{%when 2%}" * 300 + "{% endcase %}" + END,
    "dates": "{% for x in dates %}" + "{{ x | append: forloop.index | date: '%c' }}" * 80 + END,
    "date format": "{{ '2022-05-23' | date: '%99999999d%99999999d' }}{{ '2022-05-23' | date: text }}",
    "nested path": LOOP + "{% for y in a" + "[a" * 200 + "]" * 200 + " %}{% endfor %}" + END,
    "output": "{{ emoji }}" * 200,
    "output of a loop": LOOP + "{{ text }}" + END,
    "round": "{{ 5 | round: -1000000000000000000 }}{{ 5.5 | round: 1000000000 }}{{ 5 | divided_by: 0 }}",
    "digits": "{{ digits | times: digits }}" * 20,
    "sum": "{{ words | split: '' | sum }}{{ long_list | sum }}" * 20,
    "strip_html": "{{ html | strip_html }}" * 100,
    "range": "{% for x in (1..1000000000) reversed %}{% endfor %}",
    "range in a condition": "{% if (1..10000000000) contains 'x' %}{% endif %}",
    "range in a variable": "{% assign x = (1..10000000000) %}{{ x | join }}",
    "white space": "{{ a" + " " * 3_900 + "x }}",
    "parentheses": "{% if " + "(" * 3_900 + " %}",
    "quotes": "{{ a" + "['" * 1_900 + " }}",
}
MORE = {"digits": "9" * 4_000, "html": "<" * 9_999 + ">"}


# The CPU time that a template may take.
MAX_SECONDS = 0.25


def cost(template: str) -> tuple[float, int]:
    """The CPU time of parsing and rendering a template, in seconds, and the size of its text.

    The least time of some counts, because interference only adds time.
    """
    templates.parse("{{ name }}")  # imports the library
    seconds, text = math.inf, ""
    for _ in range(3):
        started = time.process_time()
        with suppress(ValidationFailed):
            text = templates.render(template, {**FIELDS, **MORE})
        seconds = min(seconds, time.process_time() - started)
        if seconds < MAX_SECONDS:
            break
    return seconds, len(text.encode())


@pytest.mark.parametrize("template", EXPENSIVE.values(), ids=EXPENSIVE)
def test_no_template_is_expensive(template: str) -> None:
    seconds, size = cost(template)
    assert len(template) <= MAX_TEMPLATE_CHARACTERS + 500
    assert seconds < MAX_SECONDS
    assert size < 1_000_000


_names = st.sampled_from(["text", "emoji", "words", "list", "long_list", "dates", "v", "x", "'a'", "10000000000", "''"])
_filters = st.sampled_from([*liquid_sandbox.environment().filters])
_expressions = st.builds(
    lambda name, steps: name + "".join(f" | {filter_}: {first}, {second}" for filter_, first, second in steps),
    _names,
    st.lists(st.tuples(_filters, _names, _names), max_size=4),
) | st.builds(lambda name, steps: " | ".join([name, *steps]), _names, st.lists(_filters, max_size=6))
_blocks = st.recursive(
    st.one_of(
        st.builds("{{{{ {} }}}}".format, _expressions),
        st.builds("{{% assign v = {} %}}".format, _expressions),
        st.just("{% if v == x or v contains x %}y{% endif %}"),
    ),
    lambda inner: st.one_of(
        st.builds("{{% for x in {} %}}{}{{% endfor %}}".format, _names, inner),
        st.builds("{{% capture v %}}{}{{% endcapture %}}".format, inner),
        st.builds(lambda block, times: block * times, inner, st.integers(1, 20)),
        st.lists(inner, max_size=4).map("".join),
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_blocks)
def test_no_template_of_any_form_is_expensive(template: str) -> None:
    seconds, size = cost(template[:MAX_TEMPLATE_CHARACTERS])
    assert seconds < MAX_SECONDS
    assert size < 1_000_000


@pytest.mark.parametrize("name", ["append", "times", "nested loops", "output"])
def test_a_template_that_exceeds_the_limits_for_these_fields_is_not_rendered(name: str) -> None:
    with pytest.raises(ValidationFailed):
        templates.render(EXPENSIVE[name], FIELDS)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Hello", "Hello"),
        ("{% assign x = 'Hello' %}{{ x }}", "Hello"),
        ("{{ '' }}", ""),
        ("Hello {{ name }}", None),
        ("{% if city %}{% endif %}", None),
        ("{{ a | divided_by: b }}", None),  # fails without values only
    ],
)
def test_the_text_of_a_template_is_known_if_it_names_no_field(template: str, text: str | None) -> None:
    assert templates.constant_text(template) == text


@pytest.mark.parametrize("template", [EXPENSIVE["append"], EXPENSIVE["times"] + "{{ name }}", "{{ 1 | divided_by: 0 }}"])
def test_a_template_that_exceeds_the_limits_for_everybody_is_found_before(template: str) -> None:
    with pytest.raises(ValidationFailed) as failure:
        templates.constant_text(template)
    assert [error.pointer for error in failure.value.errors] == ["/message"]


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        (
            "{{ name | append: }}",
            "gives the filter 'append' 0 values, but it takes 1 at line 1, column 11, in {{ name | append: }}",
        ),
        (
            "{% if city %}{{ city | append }}{% endif %}",
            "gives the filter 'append' 0 values, but it takes 1 at line 1, column 24",
        ),
        ("Hi\n{{ name | replace: 1, 2, 3 }}", "gives the filter 'replace' 3 values, but it takes 1 to 2 at line 2, column 11"),
        ("{{ name | default: 1, other: 2 }}", "gives the filter 'default' the unknown option 'other' at line 1, column 11"),
        ("{{ name | truncate: 'x' }}", "truncate expected an integer, found str at line 1, column 11"),
        ("{{ customfields.city | divided_by: 0 }}", "divided_by: can't divide by 0 at line 1, column 24"),
    ],
)
def test_a_template_that_renders_for_nobody_is_refused_with_its_place(template: str, fault: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        templates.constant_text(template)
    assert refusal.value.errors[0].message.startswith(fault)


def test_every_filter_is_refused_with_too_few_and_with_too_many_values() -> None:
    for name in liquid_sandbox.environment().filters:
        with pytest.raises(ValidationFailed, match=f"gives the filter '{name}' 9 values, but it takes"):
            templates.constant_text(f"{{{{ name | {name}: {', '.join('123456789')} }}}}")


@pytest.mark.parametrize(
    ("template", "place"),
    [
        ("Hi {{ name | }}", "line 1, column 4, in {{ name | }}"),
        ("Hi\r\n {{ a | foo }}", "line 2, column 9, in {{ a | foo }}"),
        ("{% if a %}\n{% foo %}", "line 2, column 4, in {% foo %}"),
        ("Hello {{ name", "line 1, column 7, in {{ name"),
        ("{{ a b" + "b" * 60 + " }}", "line 1, column 6, in {{ a b" + "b" * 54 + "…"),
    ],
)
def test_the_error_of_an_invalid_template_has_its_place(template: str, place: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        templates.parse(template)
    assert place in refusal.value.errors[0].message


@given(
    st.lists(
        st.sampled_from(["{{", "}}", "{%", "%}", " a ", "|", "if", "endif", "'", "1", "..", "(", ")", "[", ".", "date: ", "-"])
    )
)
def test_every_template_is_either_rendered_or_rejected(parts: list[str]) -> None:
    with suppress(ValidationFailed):
        assert isinstance(templates.render("".join(parts), {"a": 1}), str)


def test_an_error_does_not_show_field_values() -> None:
    with pytest.raises(ValidationFailed) as failure:
        templates.render("{{ a | divided_by: b }}", {"a": 1, "b": "secret"})
    assert "secret" not in str(failure.value)


@pytest.mark.parametrize("quotes", ["\u201c\u201d", "\u2018\u2019", "\u00ab\u00bb"])
def test_the_error_of_typographic_quotation_marks_says_what_to_write(quotes: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        templates.parse("there".join(quotes).join(("{{ name | default: ", " }}")))
    assert refusal.value.errors[0].message.endswith("""quotation marks must be straight: " or '""")


@pytest.mark.parametrize(
    ("template", "advice"),
    [
        ("{{ plan tier }}", 'is written {{ customFields["Current plan"] }}'),
        ("{{ name | default 'you' }}", 'follows a colon: {{ firstName | default: "there" }}'),
        ("{{ name }", "begins with {{ and ends with }}"),
        ("{{ name }, {{ city }}", "begins with {{ and ends with }}"),
        ("{% if city }", "begins with {% and ends with %}"),
        ("{% if city %}Hi", "such as {% endif %} for {% if %}"),
    ],
)
def test_the_error_of_a_frequent_fault_says_what_to_write(template: str, advice: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        templates.parse(template)
    assert refusal.value.errors[0].message.endswith(advice)


def test_a_template_is_compiled_once() -> None:
    assert templates.parse("Hi {{ name }}") is templates.parse("Hi {{ name }}")


def test_the_library_is_imported_on_first_use() -> None:
    """Its import takes several times longer than the rest of the package."""
    script = "import sys, outreach.sending.templates; sys.exit('liquid' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": ":".join(sys.path)}, check=True)  # noqa: S603
