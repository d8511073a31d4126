"""DynamoDB's condition and update expressions, as far as this system uses them, compiled into functions of an item.

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
# What the item was before, what it becomes, and the values: every operand is what stood there before.
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
    """Compile a condition or a key condition; ``names`` are the ``ExpressionAttributeNames``, as sorted pairs."""
    reader = _Reader(text, dict(names))
    parsed = reader.condition()
    reader.end()
    return parsed


@lru_cache(maxsize=512)
def update(text: str, names: Names = ()) -> Callable[[Item, Values], Item]:
    """Compile an update expression into a function that makes a new item of an old one."""
    reader = _Reader(text, dict(names))
    steps: list[Update] = []
    while reader.peek:
        steps += reader.clause()

    def updated(item: Item, values: Values) -> Item:
        result = dict(item)
        for step in steps:
            step(item, result, values)
        return result

    return updated


def comparable(value: Value | None) -> Any:
    """What a value compares by: within its type."""
    if value is None:
        return None
    ((kind, content),) = value.items()
    return Decimal(content) if kind == "N" else content


class _Reader:
    def __init__(self, text: str, names: Mapping[str, str]) -> None:
        self._tokens = _TOKEN.findall(text)
        self._names = names
        if "".join(self._tokens) != re.sub(r"\s", "", text):
            raise NotImplementedError(f"expression {text!r}")

    @property
    def peek(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def take(self, *expected: str) -> str:
        token = self._tokens.pop(0) if self._tokens else ""
        if expected and token.upper() not in expected:
            raise NotImplementedError(f"{token!r} where one of {expected} should be")
        return str(token)

    def end(self) -> None:
        if self.peek:
            raise NotImplementedError(f"{self.peek!r} at the end of an expression")

    def _took(self, token: str) -> bool:
        if self.peek.upper() == token:
            self.take()
            return True
        return False

    def condition(self) -> Condition:
        parts = [self._conjunction()]
        while self._took("OR"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else lambda item, values: any(part(item, values) for part in parts)

    def _conjunction(self) -> Condition:
        parts = [self._term()]
        while self._took("AND"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else lambda item, values: all(part(item, values) for part in parts)

    def _term(self) -> Condition:
        if self._took("("):
            inner = self.condition()
            self.take(")")
            return inner
        if self._took("NOT"):
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
        wanted = name == "attribute_exists"
        return lambda item, values: (first(item, values) is not None) == wanted

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

        def compared(item: Item, values: Values) -> bool:
            one, other = left(item, values), right(item, values)
            if one is None or other is None or one.keys() != other.keys():
                return symbol == "<>"
            return bool(compare(comparable(one), comparable(other)))

        return compared

    def _arguments(self) -> list[_Operand]:
        self.take("(")
        arguments = [self._operand()]
        while self._took(","):
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
        """One SET, REMOVE or ADD with all that it does."""
        read = {"SET": self._set, "REMOVE": self._remove, "ADD": self._add}[self.take("SET", "REMOVE", "ADD").upper()]
        steps = [read()]
        while self._took(","):
            steps.append(read())
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
        old = _getter(path)
        return _setter(path, _sum(lambda item, values: old(item, values) or {"N": "0"}, "+", self._operand()))


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
            raise ValueError(f"an operand of the update of {name} does not exist")
        _inside(after, parents)[name] = result

    return set_


def _inside(item: Item, parents: list[str]) -> Item:
    """The mapping that a path ends in, copied so that the state before stays what it was."""
    for parent in parents:
        item[parent] = {"M": dict(item[parent]["M"])}
        item = item[parent]["M"]
    return item


def _sum(left: _Operand, sign: str, right: _Operand) -> _Operand:
    def total(item: Item, values: Values) -> Value:
        one, other = comparable(left(item, values)), comparable(right(item, values))
        return {"N": str(one + other if sign == "+" else one - other)}

    return total
