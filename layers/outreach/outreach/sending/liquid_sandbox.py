"""Liquid for templates that customers write: a rendering is bounded in time, memory and size.

* A value in a rendering has at most :data:`_MAX_SIZE` characters and entries, a number at most :data:`_MAX_NUMBER`. Filters are
  wrapped for that; those that multiply the sizes of their arguments are checked before they run.
* Between two such steps the CPU time is compared with a deadline. Waiting does not count, so a busy machine changes no result.
* Liquid's own limits bound the output, the variables, the iterations and the nesting.

Importing this module imports the Liquid library, which takes longer than all other imports together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache, wraps
from io import StringIO
from typing import Any, TextIO

import liquid
from liquid.builtin.expressions import Filter
from liquid.builtin.expressions.logical import EqExpression, NeExpression
from liquid.builtin.expressions.path import Path
from liquid.builtin.expressions.primitive import Blank, RangeLiteral
from liquid.exceptions import ResourceLimitError
from liquid.expression import Expression
from liquid.output import LimitedStringIO
from liquid.undefined import is_undefined

# The longest text of a contact has 10,000 characters.
_MAX_SIZE = 12_000
_MAX_NUMBER = 10**18
_MAX_CPU_SECONDS = 0.1
_MAX_OUTPUT_BYTES = 100_000
_MAX_LOCALS_BYTES = 256_000
_MAX_ITERATIONS = 1_000
# From this number of entries on, comparing all pairs takes as long as ten entries in another filter.
_MAX_UNIQUE = 1_000
# No date or date format is longer.
_MAX_DATE_CHARACTERS = 100

_FORBIDDEN_TAGS = ("include", "render", "tablerow")


class LimitExceeded(Exception):
    """A rendering needs more time or memory than it may have."""


# A rendering has reached a limit: one of this module, or one of Liquid.
LIMIT_ERRORS = (LimitExceeded, ResourceLimitError)


class _BoundedContext(liquid.RenderContext):
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


class _BoundedTemplate(liquid.BoundTemplate):
    context_class = _BoundedContext


class _Sandbox(liquid.Environment):
    output_stream_limit = _MAX_OUTPUT_BYTES
    local_namespace_limit = _MAX_LOCALS_BYTES
    loop_iteration_limit = _MAX_ITERATIONS
    template_class = _BoundedTemplate


@cache
def environment() -> liquid.Environment:
    """Return the environment of all templates, with bounded filters, and without tags that read other templates or write HTML."""
    sandbox = _Sandbox()
    for name in _FORBIDDEN_TAGS:
        del sandbox.tags[name]
    sandbox.filters = {name: _bounded(name, function) for name, function in sandbox.filters.items()}
    return sandbox


def parse(template: str, *, max_path_length: int) -> liquid.BoundTemplate:
    """Parse a template.

    Args:
        max_path_length: how many parts a name may have.

    Raises:
        ValueError: the template has a range, which may be endless, or a name with more parts.
        Exception: the template is not valid Liquid; the library does not document all errors.
    """
    compiled = environment().from_string(template)
    _require_supported(compiled, max_path_length)
    _let_missing_values_be_blank(compiled)
    return compiled


def _require_supported(compiled: liquid.BoundTemplate, max_path_length: int) -> None:
    for expression in _expressions(compiled):
        if isinstance(expression, RangeLiteral):
            raise ValueError(f"has a range {expression}, which is not supported")  # noqa: TRY004 - the template is wrong
        if isinstance(expression, Path) and len(expression.path) > max_path_length:
            raise ValueError(f"has a name with more than {max_path_length} parts")


def _let_missing_values_be_blank(compiled: liquid.BoundTemplate) -> None:
    """Let a field without a value equal ``blank``, as in other products. Liquid's library takes only empty text for blank."""
    for expression in _expressions(compiled):
        if isinstance(expression, EqExpression | NeExpression):
            if isinstance(expression.right, Blank):
                expression.left = _OrEmptyText(expression.left)
            elif isinstance(expression.left, Blank):
                expression.right = _OrEmptyText(expression.right)


class _OrEmptyText(Expression):
    """The value of an expression; empty text if it has none."""

    __slots__ = ("value",)

    def __init__(self, value: Expression) -> None:
        super().__init__(token=value.token)
        self.value = value

    def evaluate(self, context: liquid.RenderContext) -> object:
        value = self.value.evaluate(context)
        return "" if value is None or is_undefined(value) else value

    def children(self) -> list[Expression]:
        return [self.value]


def filters(compiled: liquid.BoundTemplate) -> Iterator[Filter]:
    """Yield the filters that a template uses, each as often as it occurs."""
    for expression in _expressions(compiled):
        yield from getattr(expression, "filters", None) or ()


def _expressions(compiled: liquid.BoundTemplate) -> Iterator[Any]:
    """Yield every expression of a template, each before its parts."""
    expressions = [expression for node in _nodes(compiled) for expression in node.expressions()]
    while expressions:
        expression = expressions.pop()
        yield expression
        expressions += expression.children()


def _nodes(compiled: liquid.BoundTemplate) -> list[Any]:
    context = compiled.context_class(compiled)
    found: list[Any] = list(compiled.nodes)
    for node in found:  # grows during the loop
        found += node.children(context, include_partials=False)
    return found


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
