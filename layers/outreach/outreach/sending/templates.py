"""Templates of messages in Liquid: parsed, checked and rendered. A template reads only the given fields.

:mod:`.liquid_sandbox` bounds the renderings. It is imported when the first template is parsed, because that takes long.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from outreach import text
from outreach.errors import ValidationFailed
from outreach.messages.models import MAX_TEMPLATE_CHARACTERS
from outreach.sending import template_faults

if TYPE_CHECKING:
    from liquid import BoundTemplate
    from liquid.builtin.expressions import Filter

MAX_FIELDS = 200
# Liquid formats the path once for each loop over it.
_MAX_PATH_LENGTH = 10
# The lexer's time grows with the square of a run of white space in a tag.
_LONG_WHITE_SPACE = re.compile(r"\s{100}")
# Nested indexes: as many as a path may have parts, because the parser takes long for more.
_NESTED_INDEXES = re.compile(rf"(?:\[[^\[\]]*){{{_MAX_PATH_LENGTH + 1}}}")
# Names that Liquid itself defines.
_BUILT_IN = ("now", "today")

# Values as fields of different types have them. A template that renders neither without values nor with one of these renders for
# nobody.
_SAMPLES = ("text", 1, ["text"], "2024-05-01")
_CUSTOM_FIELDS = "customFields"

# A name, and the properties or indexes that follow it. An index that is a name itself is a list of segments.
Segments = Sequence[Any]


@dataclass(frozen=True)
class Reference:
    """A name that a template takes from its fields, such as ``customFields.company``.

    Attributes:
        text: the name as Liquid writes it.
        segments: its parts.
        index: where it is in the template; of a name that occurs twice, where the first is.
    """

    text: str
    segments: Segments
    index: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Template:
    """A parsed template.

    Attributes:
        references: the names that it takes from the fields. Those that it defines itself are left out.
    """

    compiled: BoundTemplate
    references: tuple[Reference, ...]


@lru_cache(maxsize=256)
def parse(template: str) -> Template:
    """Parse a template, or return the one parsed before.

    Raises:
        ValidationFailed: the template is not valid Liquid, uses a filter, a tag or a range that is not supported, or is too long;
            points at ``/message``.
    """
    from outreach.sending import liquid_sandbox

    _require_parsable(template)
    try:
        compiled = liquid_sandbox.parse(template, max_path_length=_MAX_PATH_LENGTH)
        analysis = compiled.analyze(include_partials=False)
    except Exception as error:  # any error of the library means that the template is invalid
        raise _invalid(template_faults.explain(error, template)) from error
    known = liquid_sandbox.environment().filters
    unknown = [(spans[0].index, name) for name, spans in analysis.filters.items() if name not in known]
    if unknown:
        index, name = min(unknown)
        raise _invalid(f"has an unknown filter '{name}'{template_faults.place_at(template, index)}")
    own_names = {*analysis.locals, *_BUILT_IN}
    variables = (variable for name, found in analysis.globals.items() if name not in own_names for variable in found)
    references = (Reference(str(found), _hashable(found.segments), found.span.index) for found in variables)
    return Template(compiled, tuple(dict.fromkeys(references)))


def render(template: str, fields: Mapping[str, object]) -> str:
    """Render a template with the fields of one contact. Missing fields render as empty text.

    Raises:
        ValidationFailed: the template is invalid, cannot be rendered with these fields, or exceeds the limits; points at
            ``/message``.
    """
    parsed = parse(template)
    try:
        return _render(parsed, fields)
    except Exception as error:  # as in parse
        raise _invalid(template_faults.describe(error, template)) from error


def constant_text(template: str) -> str | None:
    """Return the text that a template renders to for every contact; ``None`` if that depends on the contact.

    Raises:
        ValidationFailed: the template is invalid, gives a filter too few or too many values, exceeds the limits already without
            a contact's values, or cannot be rendered whatever the values are; points at ``/message``.
    """
    from outreach.sending import liquid_sandbox

    parsed = parse(template)
    for used in liquid_sandbox.filters(parsed.compiled):
        _require_matching_values(used, template)
    if not parsed.references:
        return render(template, {})
    _require_renderable(template)
    return None


def _require_matching_values(used: Filter, template: str) -> None:
    """Require that a filter has as many values as it takes, and no unknown option.

    This holds also in a branch that few contacts reach. A campaign that an earlier release stored is not checked.
    """
    from outreach.sending import liquid_sandbox

    # The first parameter is what stands before the filter; the library itself passes the environment.
    _, *parameters = inspect.signature(liquid_sandbox.environment().filters[used.name]).parameters.values()
    options = {parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY} - {"environment"}
    values = [parameter for parameter in parameters if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
    given = [getattr(argument, "name", None) for argument in used.args]
    place = template_faults.place_at(template, used.token.start_index)
    if unknown := [name for name in given if name and name not in options]:
        raise _invalid(f"gives the filter '{used.name}' the unknown option '{unknown[0]}'{place}")
    least, most = sum(value.default is value.empty for value in values), len(values)
    if not least <= given.count(None) <= most:
        number = str(most) if least == most else f"{least} to {most}"
        raise _invalid(f"gives the filter '{used.name}' {given.count(None)} values, but it takes {number}{place}")


def _require_renderable(template: str) -> None:
    from outreach.sending import liquid_sandbox

    errors = []
    for fields in ({}, *map(_EveryField, _SAMPLES)):
        try:
            _render(parse(template), fields)
        except liquid_sandbox.LIMIT_ERRORS as error:
            raise _invalid(template_faults.first_line(error)) from error
        except Exception as error:  # the next values may be what is missing
            errors.append(error)
        else:
            return
    with_text = errors[1]
    raise _invalid(template_faults.describe(with_text, template)) from with_text


class _EveryField(dict[str, object]):
    """Fields that all have the same value."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __missing__(self, name: str) -> object:
        return self if text.is_same(name, _CUSTOM_FIELDS) else self._value

    def __bool__(self) -> bool:
        return True  # Liquid does not look into empty ones


def _render(parsed: Template, fields: Mapping[str, object]) -> str:
    context = parsed.compiled.context_class(parsed.compiled, globals=fields)
    buffer = context.get_buffer()
    parsed.compiled.render_with_context(context, buffer)
    # A filter such as url_decode can make a control character, and a value stored by an earlier release may have one.
    return text.without_controls(buffer.getvalue())


def _require_parsable(template: str) -> None:
    if len(template) > MAX_TEMPLATE_CHARACTERS:
        raise _invalid(f"must have at most {MAX_TEMPLATE_CHARACTERS:,} characters")
    if template.count("{{") > MAX_FIELDS:
        raise _invalid(f"must have at most {MAX_FIELDS} merge fields")
    if ("{{" in template or "{%" in template) and _NESTED_INDEXES.search(template):
        raise _invalid(f"has a name with more than {_MAX_PATH_LENGTH} parts")
    if "{{" in template and _LONG_WHITE_SPACE.search(template):
        raise _invalid("must not contain 100 consecutive spaces together with merge fields")


def _hashable(segments: Sequence[Any]) -> Segments:
    return tuple(_hashable(segment) if isinstance(segment, list) else segment for segment in segments)


def _invalid(message: str) -> ValidationFailed:
    return ValidationFailed.at("/message", message)
