"""Says what is wrong with a template, where, and what to do about it. The messages of Liquid alone say what it did not expect."""

from __future__ import annotations

import re

# How Liquid's message of a frequent fault begins, and what to do about it.
_HINTS = {
    "expected end of expression, found word": 'a field whose name has spaces is written {{ customFields["Current plan"] }}',
    "expected end of expression, found string": 'the value of a filter follows a colon: {{ firstName | default: "there" }}',
    "expected '}}'": "a merge field begins with {{ and ends with }}",
    "unexpected '}'": "a merge field begins with {{ and ends with }}",
    "missing tag name or closing delimiter": "a tag begins with {% and ends with %}",
    "expected tag end": "a tag that opens something needs one that closes it, such as {% endif %} for {% if %}",
}
# What phones and word processors make of quotation marks.
_TYPOGRAPHIC_QUOTES = frozenset("\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b\u00ab\u00bb\u2032\u2033")
# A tag, which may have no end.
_TAG = re.compile(r"\{\{.*?(?:\}\}|\Z)|\{%.*?(?:%\}|\Z)", re.DOTALL)
_MAX_QUOTED = 60


def explain(error: Exception, template: str) -> str:
    """Say what Liquid has found wrong and where, and for the most frequent faults what to do."""
    return f"{describe(error, template)}{_hint(first_line(error))}"


def describe(error: Exception, template: str) -> str:
    """Say what Liquid has found wrong and where."""
    return f"{first_line(error)}{_place(error, template)}"


def first_line(error: Exception) -> str:
    """Return the first line of an error message; the following lines quote the template."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def place_at(template: str, index: int) -> str:
    """Say where a character of a template is: its line and column, and its tag."""
    line, column = template.count("\n", 0, index) + 1, index - template.rfind("\n", 0, index)
    tag = next((found[0] for found in _TAG.finditer(template) if found.start() <= index < found.end()), "")
    tag = " ".join(tag.split())
    quoted = f"{tag[:_MAX_QUOTED]}…" if len(tag) > _MAX_QUOTED else tag
    return f" at line {line}, column {column}" + (f", in {quoted}" if quoted else "")


def _hint(fault: str) -> str:
    if fault.startswith("unexpected '") and fault[12:13] in _TYPOGRAPHIC_QUOTES:
        return """; inside a tag, quotation marks must be straight: " or '"""
    return next((f"; {hint}" for beginning, hint in _HINTS.items() if fault.startswith(beginning)), "")


def _place(error: Exception, template: str) -> str:
    """Say where Liquid has found an error; nothing if that is not known."""
    token = getattr(error, "token", None)
    if token and token.source == template and token.start_index >= 0:
        return place_at(template, token.start_index)
    # Where a merge field ends too early, Liquid does not know its place. It has the same fault without the rest.
    return next((place_at(template, found.start()) for found in _TAG.finditer(template) if _has_fault(found[0], error)), "")


def _has_fault(tag: str, error: Exception) -> bool:
    from outreach.sending import liquid_sandbox

    if not tag.startswith("{{"):
        return False
    try:
        liquid_sandbox.environment().from_string(tag)
    except Exception as fault:
        return first_line(fault) == first_line(error)
    return False
