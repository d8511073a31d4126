"""Merge fields: message templates in Liquid, the language without access to anything but the fields it is given.

Templates are the customers', so they get no files, no loops, no endless values: the time they take is bounded by their length.
Liquid's library is imported when the first template is compiled: it takes longer than everything else that a function imports.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, lru_cache, wraps
from typing import TYPE_CHECKING, Any

from outreach.errors import ValidationFailed

if TYPE_CHECKING:
    from liquid import BoundTemplate, Environment

MAX_TEMPLATE_CHARACTERS = 4_000
# For each opening brace that isn't closed, the lexer reads the rest of the template.
MAX_FIELDS = 200
# What a filter may be given, in characters or elements; `replace` can multiply two of them.
_MAX_ARGUMENT_SIZE = 8_000
_MAX_OUTPUT_BYTES = 32_000
_MAX_LOCALS_BYTES = 256_000

_FORBIDDEN_TAGS = ("include", "render", "for", "break", "continue", "cycle", "tablerow")


@lru_cache(maxsize=256)
def parse(template: str) -> BoundTemplate:
    """Compile a template; what was compiled lately is kept.

    Raises:
        ValidationFailed: it isn't Liquid, uses a filter or tag that we don't have, or is too long; points at ``/message``.
    """
    if len(template) > MAX_TEMPLATE_CHARACTERS:
        raise _invalid(f"must have at most {MAX_TEMPLATE_CHARACTERS} characters")
    if template.count("{{") > MAX_FIELDS:
        raise _invalid(f"must have at most {MAX_FIELDS} fields")
    environment = _environment()
    try:
        compiled = environment.from_string(template)
        unknown = sorted(compiled.analyze().filters.keys() - environment.filters.keys())
    except Exception as error:  # whatever the engine trips over, the template is at fault
        raise _invalid(_words(error)) from error
    if unknown:
        raise _invalid(f"unknown filter '{unknown[0]}'")
    return compiled


def render(template: str, fields: Mapping[str, object]) -> str:
    """The text of ``template`` for one contact. Fields that aren't there are empty.

    Raises:
        ValidationFailed: it doesn't parse, or can't be rendered with these fields; points at ``/message``.
    """
    compiled = parse(template)
    try:
        return compiled.render(fields)
    except Exception as error:  # as above
        raise _invalid(_words(error)) from error


@cache
def _environment() -> Environment:
    import liquid

    class Sandbox(liquid.Environment):
        output_stream_limit = _MAX_OUTPUT_BYTES
        local_namespace_limit = _MAX_LOCALS_BYTES

    environment = Sandbox()
    for name in _FORBIDDEN_TAGS:
        del environment.tags[name]
    environment.filters = {name: _bounded(function) for name, function in environment.filters.items()}
    return environment


def _bounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """A Liquid filter that refuses to take more than a message can need; what it makes is another filter's or the output's."""

    @wraps(function)
    def bounded(*args: Any, **options: Any) -> Any:
        for value in (*args, *options.values()):
            if isinstance(value, str | list | tuple | range) and len(value) > _MAX_ARGUMENT_SIZE:
                raise ValueError("a value is too long")
        return function(*args, **options)

    return bounded


def _invalid(message: str) -> ValidationFailed:
    return ValidationFailed.at("/message", message)


def _words(error: Exception) -> str:
    """The first line only: the following ones show the template's text."""
    return (str(error).splitlines() or [type(error).__name__])[0]
