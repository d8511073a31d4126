"""Compiles the subset of DynamoDB's condition and update expressions that this system uses into functions of an item.

::

    condition  = conjunction { "OR" conjunction }
    conjunction = term { "AND" term }
    term       = "(" condition ")" | "NOT" term | function "(" arguments ")" | path ("=" | "<>" | "<" | "<=" | ">" | ">=") operand
               | path "IN" "(" operands ")" | path "BETWEEN" operand "AND" operand
    update     = { "SET" path "=" value {"," …} | "REMOVE" paths | "ADD" path operand {"," …} }
    value      = operand [("+" | "-") operand]
    operand    = path | ":name" | "if_not_exists(" path "," operand ")" | "list_append(" operand "," operand ")"
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from benchmarks.local_aws.capacity import Item, Value

Values = Mapping[str, Value]
Names = tuple[tuple[str, str], ...]
Condition = Callable[[Item, Values], bool]
# Changes the second item; operands are read from the first item, the state before the update.
Update = Callable[[Item, Item, Values], None]

_TOKEN = re.compile(r"\s*(<>|<=|>=|[=<>(),+-]|[:#\w.]+)")
_COMPARISONS = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_Operand = Callable[[Item, Values], Value | None]


@lru_cache(maxsize=512)
def condition(text: str, names: Names = ()) -> Condition:
    """Compile a condition or a key condition.

    Args:
        names: the ``ExpressionAttributeNames`` as sorted pairs.
    """
    reader = _Reader(text, dict(names))
    parsed = reader.condition()
    reader.end()
    return parsed


@lru_cache(maxsize=512)
def update(text: str, names: Names = ()) -> Callable[[Item, Values], Item]:
    """Compile an update expression into a function that returns the updated item."""
    reader = _Reader(text, dict(names))
    steps: list[Update] = []
    while reader.peek:
        steps += reader.clause()

    def apply(item: Item, values: Values) -> Item:
        result = dict(item)
        for step in steps:
            step(item, result, values)
        return result

    return apply


def comparable(value: Value | None) -> Any:
    """A value in a form that can be compared with other values of its type."""
    if value is None:
        return None
    ((kind, content),) = value.items()
    return Decimal(content) if kind == "N" else content


class _Reader:
    def __init__(self, text: str, names: Mapping[str, str]) -> None:
        self._tokens = _TOKEN.findall(text)
        self._names = names
        if "".join(self._tokens) != re.sub(r"\s", "", text):
            raise NotImplementedError(f"the expression {text!r} has unsupported characters")

    @property
    def peek(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def take(self, *expected: str) -> str:
        token = self._tokens.pop(0) if self._tokens else ""
        if expected and token.upper() not in expected:
            raise NotImplementedError(f"expected one of {expected} instead of {token!r}")
        return str(token)

    def end(self) -> None:
        if self.peek:
            raise NotImplementedError(f"unexpected {self.peek!r} after the end of the expression")

    def _take_if(self, token: str) -> bool:
        """Take the next token if it is the given one; returns whether it was."""
        if self.peek.upper() == token:
            self.take()
            return True
        return False

    def condition(self) -> Condition:
        parts = [self._conjunction()]
        while self._take_if("OR"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else lambda item, values: any(part(item, values) for part in parts)

    def _conjunction(self) -> Condition:
        parts = [self._term()]
        while self._take_if("AND"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else lambda item, values: all(part(item, values) for part in parts)

    def _term(self) -> Condition:
        if self._take_if("("):
            inner = self.condition()
            self.take(")")
            return inner
        if self._take_if("NOT"):
            negated = self._term()
            return lambda item, values: not negated(item, values)
        if self.peek in ("attribute_exists", "attribute_not_exists", "begins_with"):
            return self._function(self.take())
        return self._comparison(self._operand())

    def _function(self, name: str) -> Condition:
        first, *rest = self._arguments()
        if name == "begins_with":
            (start,) = rest
            return lambda item, values: comparable(first(item, values)).startswith(comparable(start(item, values)))
        must_exist = name == "attribute_exists"
        return lambda item, values: (first(item, values) is not None) == must_exist

    def _comparison(self, left: _Operand) -> Condition:
        symbol = self.take("IN", "BETWEEN", *_COMPARISONS).upper()
        if symbol == "IN":
            choices = self._arguments()
            return lambda item, values: left(item, values) in [choice(item, values) for choice in choices]
        right = self._operand()
        if symbol == "BETWEEN":
            self.take("AND")
            high = self._operand()
            return lambda item, values: (
                comparable(right(item, values)) <= comparable(left(item, values)) <= comparable(high(item, values))
            )
        compare = _COMPARISONS[symbol]

        def holds(item: Item, values: Values) -> bool:
            first, second = left(item, values), right(item, values)
            if first is None or second is None or first.keys() != second.keys():
                return symbol == "<>"
            return bool(compare(comparable(first), comparable(second)))

        return holds

    def _arguments(self) -> list[_Operand]:
        self.take("(")
        arguments = [self._operand()]
        while self._take_if(","):
            arguments.append(self._operand())
        self.take(")")
        return arguments

    def _operand(self) -> _Operand:
        token = self.take()
        if token.startswith(":"):
            return lambda item, values: values[token]
        if token == "if_not_exists":  # noqa: S105
            path, default = self._arguments()
            return lambda item, values: path(item, values) or default(item, values)
        if token == "list_append":  # noqa: S105
            first, second = self._arguments()
            return lambda item, values: {"L": [*_elements(first(item, values)), *_elements(second(item, values))]}
        return _getter(self._path(token))

    def _path(self, token: str) -> list[str]:
        return [self._names[step] if step.startswith("#") else step for step in token.split(".")]

    def clause(self) -> list[Update]:
        """Read a clause SET, REMOVE or ADD with all its actions."""
        read_action = {"SET": self._set, "REMOVE": self._remove, "ADD": self._add}[self.take("SET", "REMOVE", "ADD").upper()]
        steps = [read_action()]
        while self._take_if(","):
            steps.append(read_action())
        return steps

    def _set(self) -> Update:
        path = self._path(self.take())
        self.take("=")
        value = self._operand()
        if self.peek in ("+", "-"):
            value = _sum(value, self.take(), self._operand())
        return _setter(path, value)

    def _remove(self) -> Update:
        *parents, name = self._path(self.take())

        def remove(before: Item, after: Item, values: Values) -> None:
            _inside(after, parents).pop(name, None)

        return remove

    def _add(self) -> Update:
        path = self._path(self.take())
        current = _getter(path)
        return _setter(path, _sum(lambda item, values: current(item, values) or {"N": "0"}, "+", self._operand()))


def _elements(value: Value | None) -> list[Value]:
    return list(value["L"]) if value else []


def _getter(path: list[str]) -> _Operand:
    def get(item: Item, values: Values) -> Value | None:
        at: Any = {"M": item}
        for step in path:
            at = at.get("M", {}).get(step)
            if at is None:
                return None
        return dict(at)

    return get


def _setter(path: list[str], value: _Operand) -> Update:
    *parents, name = path

    def set_(before: Item, after: Item, values: Values) -> None:
        result = value(before, values)
        if result is None:
            raise ValueError(f"the update of {name} refers to an attribute that the item does not have")
        _inside(after, parents)[name] = result

    return set_


def _inside(item: Item, parents: list[str]) -> Item:
    """The innermost map on a path; maps are copied, so that the state before the update does not change."""
    for parent in parents:
        item[parent] = {"M": dict(item[parent]["M"])}
        item = item[parent]["M"]
    return item


def _sum(left: _Operand, sign: str, right: _Operand) -> _Operand:
    def total(item: Item, values: Values) -> Value:
        first, second = comparable(left(item, values)), comparable(right(item, values))
        return {"N": str(first + second if sign == "+" else first - second)}

    return total
