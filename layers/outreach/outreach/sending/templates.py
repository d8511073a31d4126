"""Templates of messages in Liquid: parsed, analysed, and rendered within limits.

Customers write the templates, so a template reads only the given fields, and a rendering is bounded in time, memory and size:

* A value in a rendering has at most :data:`_MAX_SIZE` characters and entries, a number at most :data:`_MAX_NUMBER`. Filters are
  wrapped for that; those that multiply the sizes of their arguments are checked before they run.
* Between two such steps the CPU time is compared with a deadline. Waiting does not count, so a busy machine changes no result.
* Liquid's own limits bound the output, the variables, the iterations and the nesting.

The Liquid library is imported when the first template is parsed, because that import takes longer than all others together.
"""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache, wraps
from io import StringIO
from typing import TYPE_CHECKING, Any, TextIO

from outreach import text
from outreach.errors import ValidationFailed
from outreach.messages.models import MAX_TEMPLATE_CHARACTERS

if TYPE_CHECKING:
    from liquid import BoundTemplate, Environment, RenderContext
    from liquid.builtin.expressions import Filter
    from liquid.expression import Expression

MAX_FIELDS = 200
# The longest text of a contact has 10,000 characters.
_MAX_SIZE = 12_000
_MAX_NUMBER = 10**18
_MAX_CPU_SECONDS = 0.1
_MAX_OUTPUT_BYTES = 100_000
_MAX_LOCALS_BYTES = 256_000
_MAX_ITERATIONS = 1_000
# Liquid formats the path once for each loop over it.
_MAX_PATH_LENGTH = 10
# The lexer's time grows with the square of a run of white space in a tag.
_LONG_WHITE_SPACE = re.compile(r"\s{100}")
# How the engine's message of a frequent fault begins, and what to do about it.
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
# Nested indexes: as many as a path may have parts, because the parser takes long for more.
_NESTED_INDEXES = re.compile(rf"(?:\[[^\[\]]*){{{_MAX_PATH_LENGTH + 1}}}")
# From this number of entries on, comparing all pairs takes as long as ten entries in another filter.
_MAX_UNIQUE = 1_000
# No date or date format is longer.
_MAX_DATE_CHARACTERS = 100

_FORBIDDEN_TAGS = ("include", "render", "tablerow")
# Names that Liquid itself defines.
_BUILT_IN = ("now", "today")

# Values as fields of different types have them. A template that renders neither without values nor with one of these renders for
# nobody.
_SAMPLES = ("text", 1, ["text"], "2024-05-01")
_CUSTOM_FIELDS = "customFields"
# A tag, which may have no end.
_TAG = re.compile(r"\{\{.*?(?:\}\}|\Z)|\{%.*?(?:%\}|\Z)", re.DOTALL)
_MAX_QUOTED = 60

# A name, and the properties or indexes that follow it. An index that is a name itself is a list of segments.
Segments = Sequence[Any]


class LimitExceeded(Exception):
    """A rendering needs more time or memory than it may have."""


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
    _require_parsable(template)
    environment = _environment()
    try:
        compiled = environment.from_string(template)
        analysis = compiled.analyze(include_partials=False)
        _require_supported(compiled)
        _let_missing_values_be_blank(compiled)
    except Exception as error:  # any error of the engine means that the template is invalid
        raise _invalid(_with_hint(_first_line(error), _place(error, template))) from error
    unknown = [(spans[0].index, name) for name, spans in analysis.filters.items() if name not in environment.filters]
    if unknown:
        index, name = min(unknown)
        raise _invalid(f"has an unknown filter '{name}'{place_at(template, index)}")
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
        raise _invalid(f"{_first_line(error)}{_place(error, template)}") from error


def constant_text(template: str) -> str | None:
    """Return the text that a template renders to for every contact; ``None`` if that depends on the contact.

    Raises:
        ValidationFailed: the template is invalid, gives a filter too few or too many values, exceeds the limits already without
            a contact's values, or cannot be rendered whatever the values are; points at ``/message``.
    """
    parsed = parse(template)
    for used in _filters(parsed.compiled):
        _require_matching_values(used, template)
    if not parsed.references:
        return render(template, {})
    _require_renderable(template)
    return None


def _require_matching_values(used: Filter, template: str) -> None:
    """Require that a filter has as many values as it takes, and no unknown option.

    This holds also in a branch that few contacts reach. A campaign that an earlier release stored is not checked.
    """
    # The first parameter is what stands before the filter; the engine itself passes the environment.
    _, *parameters = inspect.signature(_environment().filters[used.name]).parameters.values()
    options = {parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY} - {"environment"}
    values = [parameter for parameter in parameters if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
    given = [getattr(argument, "name", None) for argument in used.args]
    place = place_at(template, used.token.start_index)
    if unknown := [name for name in given if name and name not in options]:
        raise _invalid(f"gives the filter '{used.name}' the unknown option '{unknown[0]}'{place}")
    least, most = sum(value.default is value.empty for value in values), len(values)
    if not least <= given.count(None) <= most:
        number = str(most) if least == most else f"{least} to {most}"
        raise _invalid(f"gives the filter '{used.name}' {given.count(None)} values, but it takes {number}{place}")


def _require_renderable(template: str) -> None:
    from liquid.exceptions import ResourceLimitError

    errors = []
    for fields in ({}, *map(_EveryField, _SAMPLES)):
        try:
            _render(parse(template), fields)
        except (LimitExceeded, ResourceLimitError) as error:
            raise _invalid(_first_line(error)) from error
        except Exception as error:  # the next values may be what is missing
            errors.append(error)
        else:
            return
    with_text = errors[1]
    raise _invalid(f"{_first_line(with_text)}{_place(with_text, template)}") from with_text


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


def _require_supported(compiled: BoundTemplate) -> None:
    """Require that a template has no ranges and no long paths.

    Raises:
        ValueError: the template has a range, which may be endless, or a path that is too long.
    """
    from liquid.builtin.expressions.path import Path
    from liquid.builtin.expressions.primitive import RangeLiteral

    for expression in _expressions(compiled):
        if isinstance(expression, RangeLiteral):
            raise ValueError(f"has a range {expression}, which is not supported")  # noqa: TRY004 - the template is wrong
        if isinstance(expression, Path) and len(expression.path) > _MAX_PATH_LENGTH:
            raise ValueError(f"has a name with more than {_MAX_PATH_LENGTH} parts")


def _let_missing_values_be_blank(compiled: BoundTemplate) -> None:
    """Let a field without a value equal ``blank``, as in other products. Liquid's library takes only empty text for blank."""
    from liquid.builtin.expressions.logical import EqExpression, NeExpression
    from liquid.builtin.expressions.primitive import Blank

    for expression in _expressions(compiled):
        if isinstance(expression, EqExpression | NeExpression):
            if isinstance(expression.right, Blank):
                expression.left = _or_empty_text()(expression.left)
            elif isinstance(expression.left, Blank):
                expression.right = _or_empty_text()(expression.right)


@cache
def _or_empty_text() -> Callable[[Expression], Expression]:
    from liquid.expression import Expression
    from liquid.undefined import is_undefined

    class OrEmptyText(Expression):
        """The value of an expression; empty text if it has none."""

        __slots__ = ("value",)

        def __init__(self, value: Expression) -> None:
            super().__init__(token=value.token)
            self.value = value

        def evaluate(self, context: RenderContext) -> object:
            value = self.value.evaluate(context)
            return "" if value is None or is_undefined(value) else value

        def children(self) -> list[Expression]:
            return [self.value]

    return OrEmptyText


def _expressions(compiled: BoundTemplate) -> Iterator[Any]:
    """Yield every expression of a template, each before its parts."""
    expressions = [expression for node in _nodes(compiled) for expression in node.expressions()]
    while expressions:
        expression = expressions.pop()
        yield expression
        expressions += expression.children()


def _filters(compiled: BoundTemplate) -> Iterator[Filter]:
    for expression in _expressions(compiled):
        yield from getattr(expression, "filters", None) or ()


def _nodes(compiled: BoundTemplate) -> list[Any]:
    context = compiled.context_class(compiled)
    found: list[Any] = list(compiled.nodes)
    for node in found:  # grows during the loop
        found += node.children(context, include_partials=False)
    return found


@cache
def _environment() -> Environment:
    import liquid

    class BoundedTemplate(liquid.BoundTemplate):
        context_class = _bounded_context()

    class Sandbox(liquid.Environment):
        output_stream_limit = _MAX_OUTPUT_BYTES
        local_namespace_limit = _MAX_LOCALS_BYTES
        loop_iteration_limit = _MAX_ITERATIONS
        template_class = BoundedTemplate

    environment = Sandbox()
    for name in _FORBIDDEN_TAGS:
        del environment.tags[name]
    environment.filters = {name: _bounded(name, function) for name, function in environment.filters.items()}
    return environment


def _bounded_context() -> type[RenderContext]:
    import liquid
    from liquid.output import LimitedStringIO

    class BoundedContext(liquid.RenderContext):
        """A rendering that ends at a deadline. Each step of a template asks its context for something first."""

        __slots__ = ("deadline",)

        def __init__(self, *args: Any, **options: Any) -> None:
            self.deadline = time.thread_time() + _MAX_CPU_SECONDS
            super().__init__(*args, **options)

        @property
        def disabled_tags(self) -> list[str]:
            """The tags that a node may not have: none. Every node asks for them before it renders itself."""
            self._require_time()
            return []

        @disabled_tags.setter
        def disabled_tags(self, _: list[str]) -> None: ...

        def get(self, *args: Any, **options: Any) -> object:
            self._require_time()
            return super().get(*args, **options)

        def filter(self, *args: Any, **options: Any) -> Callable[..., object]:
            self._require_time()
            return super().filter(*args, **options)

        def get_buffer(self, buf: TextIO | None = None) -> StringIO:
            """Make a buffer that keeps line breaks as they are; Liquid's own ones write each as a line feed."""
            used = buf.size if isinstance(buf, LimitedStringIO) else 0
            return LimitedStringIO(limit=_MAX_OUTPUT_BYTES - used, newline="\n")

        def _require_time(self) -> None:
            if time.thread_time() > self.deadline:
                raise LimitExceeded("takes too long to render")

    return BoundedContext


def _bounded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a Liquid filter so that neither its arguments nor its result are larger than a message can need."""
    require_cheap = _SPECIAL_LIMITS.get(name)

    @wraps(function)
    def bounded(*args: Any, **options: Any) -> Any:
        for value in (*args, *options.values()):
            _require_size(value)
        if require_cheap:
            require_cheap(*args)
        result = function(*args, **options)
        _require_size(result)
        return result

    return bounded


def _require_size(value: Any) -> None:
    if isinstance(value, int | float):
        if not abs(value) <= _MAX_NUMBER:  # NaN is not comparable
            raise LimitExceeded("has a number that is too large")
    elif _size(value) > _MAX_SIZE:
        raise LimitExceeded("has a value that is too long")


def _size(value: Any) -> int:
    """Return the characters of a text, or the entries of a list and the characters in them."""
    if isinstance(value, list | tuple):
        return len(value) if len(value) > _MAX_SIZE else len(value) + sum(map(_size, value))
    return len(value) if isinstance(value, str) else 0


def _require_short_replacement(value: Any = "", search: Any = "", replacement: Any = "") -> None:
    text = str(value)
    _require_length(len(text) + text.count(str(search)) * len(str(replacement)))


def _require_short_join(values: Any = (), separator: Any = " ") -> None:
    entries = len(values) if isinstance(values, list | tuple) else 1
    _require_length(_size(values) + entries * len(str(separator)))


def _require_few_entries(values: Any = (), *_: Any) -> None:
    if isinstance(values, list | tuple) and len(values) > _MAX_UNIQUE:
        raise LimitExceeded("has a list that is too long")


def _require_short_date(*values: Any) -> None:
    if any(isinstance(value, str) and len(value) > _MAX_DATE_CHARACTERS for value in values):
        raise LimitExceeded("has a date that is too long")


def _require_length(length: int) -> None:
    if length > _MAX_SIZE:
        raise LimitExceeded("has a value that is too long")


_SPECIAL_LIMITS: Mapping[str, Callable[..., None]] = {
    "replace": _require_short_replacement,
    "join": _require_short_join,
    "uniq": _require_few_entries,
    "date": _require_short_date,
}


def _hashable(segments: Sequence[Any]) -> Segments:
    return tuple(_hashable(segment) if isinstance(segment, list) else segment for segment in segments)


def _invalid(message: str) -> ValidationFailed:
    return ValidationFailed.at("/message", message)


def _with_hint(fault: str, place: str) -> str:
    """Say what to do about the most frequent faults: the engine's messages only say what it did not expect."""
    if fault.startswith("unexpected '") and fault[12:13] in _TYPOGRAPHIC_QUOTES:
        return f"""{fault}{place}; inside a tag, quotation marks must be straight: " or '"""
    hint = next((f"; {hint}" for beginning, hint in _HINTS.items() if fault.startswith(beginning)), "")
    return f"{fault}{place}{hint}"


def _place(error: Exception, template: str) -> str:
    """Say where the engine has found an error; nothing if that is not known."""
    token = getattr(error, "token", None)
    if token and token.source == template and token.start_index >= 0:
        return place_at(template, token.start_index)
    # Where a merge field ends too early, the engine does not know its place. It has the same fault without the rest.
    return next((place_at(template, found.start()) for found in _TAG.finditer(template) if _has_fault(found[0], error)), "")


def _has_fault(tag: str, error: Exception) -> bool:
    if not tag.startswith("{{"):
        return False
    try:
        _environment().from_string(tag)
    except Exception as fault:
        return _first_line(fault) == _first_line(error)
    return False


def place_at(template: str, index: int) -> str:
    """Say where a character of a template is: its line and column, and its tag."""
    line, column = template.count("\n", 0, index) + 1, index - template.rfind("\n", 0, index)
    tag = next((found[0] for found in _TAG.finditer(template) if found.start() <= index < found.end()), "")
    tag = " ".join(tag.split())
    quoted = f"{tag[:_MAX_QUOTED]}…" if len(tag) > _MAX_QUOTED else tag
    return f" at line {line}, column {column}" + (f", in {quoted}" if quoted else "")


def _first_line(error: Exception) -> str:
    """Return the first line of an error message; the following lines quote the template."""
    return (str(error).splitlines() or [type(error).__name__])[0]
