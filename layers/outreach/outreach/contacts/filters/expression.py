"""Parses logical expressions over numbered conditions, such as ``1 and (2 or not 3)``.

::

    expression  = conjunction { "or" conjunction }
    conjunction = negation { "and" negation }
    negation    = "not" negation | "(" expression ")" | operand
    operand     = digit { digit }

The words are accepted in any case. ``not`` binds tighter than ``and``, and ``and`` tighter than ``or`` (docs/api.md, "Filters").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_LENGTH = 10_000
MAX_NESTING = 100
# Of a number. Python refuses to convert more than 4,300 digits.
MAX_DIGITS = 18

_TOKEN = re.compile(r"\s*(?:(?P<operand>[0-9]+)|(?P<word>and|or|not)\b|(?P<bracket>[()]))", re.IGNORECASE)
_END = ""


class ExpressionError(ValueError):
    """The text is not a logical expression. The message says what is wrong and where."""


@dataclass(frozen=True)
class Not:
    operand: Expression


@dataclass(frozen=True)
class And:
    operands: tuple[Expression, ...]


@dataclass(frozen=True)
class Or:
    operands: tuple[Expression, ...]


# An ``int`` is an operand: the ``order`` of a condition.
Expression = int | Not | And | Or


def parse(text: str) -> Expression:
    """Parse a logical expression.

    Raises:
        ExpressionError: the text does not follow the grammar, is longer than 10,000 characters, or has more than 100 nested
            parentheses and ``not``.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"must have at most {MAX_LENGTH:,} characters")
    parser = _Parser(list(_tokens(text)))
    expression = parser.expression()
    parser.expect(_END)
    return expression


def operands(expression: Expression) -> set[int]:
    """Return the numbers in an expression."""
    if isinstance(expression, int):
        return {expression}
    if isinstance(expression, Not):
        return operands(expression.operand)
    return set().union(*map(operands, expression.operands))


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            message = f"must consist of numbers, and, or, not and parentheses, but character {position + 1} starts something else"
            raise ExpressionError(message)
        yield match.group().strip().lower(), match.end()
        position = match.end()
    yield _END, end


@dataclass
class _Parser:
    """A recursive-descent parser with one method per rule of the grammar. The limit of the nesting also limits the recursion."""

    tokens: list[tuple[str, int]]
    position: int = field(default=0)
    nesting: int = field(default=0)

    def expression(self) -> Expression:
        parts = [self._conjunction()]
        while self._accept("or"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def expect(self, token: str) -> None:
        if not self._accept(token):
            raise self._unexpected()

    def _conjunction(self) -> Expression:
        parts = [self._negation()]
        while self._accept("and"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _negation(self) -> Expression:
        self.nesting += 1
        if self.nesting > MAX_NESTING + 1:
            raise ExpressionError(f"must not be nested deeper than {MAX_NESTING} levels")
        try:
            return self._negated_or_operand()
        finally:
            self.nesting -= 1

    def _negated_or_operand(self) -> Expression:
        if self._accept("not"):
            return Not(self._negation())
        if self._accept("("):
            inner = self.expression()
            self.expect(")")
            return inner
        token, _ = self.tokens[self.position]
        if not token.isdigit() or len(token) > MAX_DIGITS:
            raise self._unexpected()
        self.position += 1
        return int(token)

    def _accept(self, token: str) -> bool:
        """Move past the next token if it is the given one; return whether it is."""
        is_next = self.tokens[self.position][0] == token
        self.position += is_next and token != _END
        return is_next

    def _unexpected(self) -> ExpressionError:
        token, end = self.tokens[self.position]
        if token == _END:
            return ExpressionError("is incomplete: a number or a closing parenthesis is missing at the end")
        return ExpressionError(f"has an unexpected {token[:MAX_DIGITS]} at character {end - len(token) + 1}")
