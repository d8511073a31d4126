"""Logical expressions over numbered conditions: ``1 and (2 or not 3)``.

::

    expression  = conjunction { "or" conjunction }
    conjunction = negation { "and" negation }
    negation    = "not" negation | "(" expression ")" | operand
    operand     = digit { digit }

Words in any case; ``not`` binds tighter than ``and``, ``and`` tighter than ``or`` (contract, Filters).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_LENGTH = 10_000
MAX_NESTING = 100
# Of a number; Python refuses to read those of more than 4,300 digits.
MAX_DIGITS = 18

_TOKEN = re.compile(r"\s*(?:(?P<operand>[0-9]+)|(?P<word>and|or|not)\b|(?P<bracket>[()]))", re.IGNORECASE)
_END = ""


class ExpressionError(ValueError):
    """The text is no expression; the message says what is wrong and where."""


@dataclass(frozen=True)
class Not:
    operand: Expression


@dataclass(frozen=True)
class And:
    operands: tuple[Expression, ...]


@dataclass(frozen=True)
class Or:
    operands: tuple[Expression, ...]


# A plain number is an operand: the order of a condition.
Expression = int | Not | And | Or


def parse(text: str) -> Expression:
    """
    Raises:
        ExpressionError: it does not follow the grammar, is longer than 10,000 characters, or nested (parentheses and ``not``)
            deeper than 100.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"must not be longer than {MAX_LENGTH} characters")
    parser = _Parser(list(_tokens(text)))
    expression = parser.expression()
    parser.expect(_END)
    return expression


def operands(expression: Expression) -> set[int]:
    """The numbers that an expression mentions."""
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
            raise ExpressionError(f"expects a number, and, or, not or a parenthesis at character {position + 1}")
        yield match.group().strip().lower(), match.end()
        position = match.end()
    yield _END, end


@dataclass
class _Parser:
    """Recursive descent, a method for each rule of the grammar; the nesting is bounded, and with it the recursion."""

    tokens: list[tuple[str, int]]
    position: int = field(default=0)
    nesting: int = field(default=0)

    def expression(self) -> Expression:
        found = [self._conjunction()]
        while self._take("or"):
            found.append(self._conjunction())
        return found[0] if len(found) == 1 else Or(tuple(found))

    def expect(self, token: str) -> None:
        if not self._take(token):
            raise self._unexpected()

    def _conjunction(self) -> Expression:
        found = [self._negation()]
        while self._take("and"):
            found.append(self._negation())
        return found[0] if len(found) == 1 else And(tuple(found))

    def _negation(self) -> Expression:
        self.nesting += 1
        if self.nesting > MAX_NESTING + 1:
            raise ExpressionError(f"must not be nested deeper than {MAX_NESTING}")
        try:
            return self._nested()
        finally:
            self.nesting -= 1

    def _nested(self) -> Expression:
        if self._take("not"):
            return Not(self._negation())
        if self._take("("):
            inner = self.expression()
            self.expect(")")
            return inner
        token, _ = self.tokens[self.position]
        if not token.isdigit() or len(token) > MAX_DIGITS:
            raise self._unexpected()
        self.position += 1
        return int(token)

    def _take(self, token: str) -> bool:
        taken = self.tokens[self.position][0] == token
        self.position += taken and token != _END
        return taken

    def _unexpected(self) -> ExpressionError:
        token, end = self.tokens[self.position]
        if token == _END:
            return ExpressionError("ends where a number or a closing parenthesis is missing")
        return ExpressionError(f"does not expect {token[:MAX_DIGITS]} at character {end - len(token) + 1}")
