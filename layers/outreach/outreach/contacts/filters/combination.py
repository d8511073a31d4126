"""Combines predicates by all, any or a logical expression.

An expression may name a condition hundreds of times, but a contact's condition is evaluated once: the expression is brought into
a form without repetitions, and each evaluation remembers the results of its conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from outreach.contacts.contact_documents import Document
from outreach.contacts.filters.conditions import Predicate, negated
from outreach.contacts.filters.expression import And, Expression, Not

# The results of the conditions for one contact, by their position; ``None`` where a condition is not evaluated yet.
_Results = list[bool | None]
_Evaluator = Callable[[Document, _Results], bool]


def all_of(predicates: Sequence[Predicate]) -> Predicate:
    """Match documents that match all predicates."""

    def all_match(document: Document) -> bool:
        for predicate in predicates:  # noqa: SIM110 - a generator would double the cost
            if not predicate(document):
                return False
        return True

    return predicates[0] if len(predicates) == 1 else all_match


def any_of(predicates: Sequence[Predicate]) -> Predicate:
    """Match documents that match at least one predicate."""

    def any_matches(document: Document) -> bool:
        for predicate in predicates:  # noqa: SIM110 - a generator would double the cost
            if predicate(document):
                return True
        return False

    return predicates[0] if len(predicates) == 1 else any_matches


def by_expression(expression: Expression, by_order: Mapping[int, Predicate]) -> Predicate:
    """Match documents for which an expression over numbered predicates is true."""
    node = _normal_form(expression, expected=True)
    numbers = list(node.condition_numbers())
    positions = {order: position for position, order in enumerate(dict.fromkeys(numbers))}
    if len(positions) == len(numbers):
        return _predicate(node, by_order)  # no condition occurs twice
    evaluate = _evaluator(node, by_order, positions)
    nothing: _Results = [None] * len(positions)
    return lambda document: evaluate(document, nothing.copy())


@dataclass(frozen=True)
class _Node:
    """All (or any) of some conditions, each with the result that it must have, and of some nodes. No operand is repeated.

    An empty node is constant: `all` is true, `any` is false.
    """

    is_all: bool
    literals: tuple[tuple[int, bool], ...]
    children: tuple[_Node, ...] = ()

    @property
    def is_constant(self) -> bool:
        return not self.literals and not self.children

    @property
    def is_single(self) -> bool:
        return len(self.literals) == 1 and not self.children

    def condition_numbers(self) -> Iterator[int]:
        """Yield the numbers of the conditions, as often as they occur."""
        yield from (order for order, _ in self.literals)
        for child in self.children:
            yield from child.condition_numbers()


def _normal_form(expression: Expression, *, expected: bool) -> _Node:
    """Return the node that is true if the expression has the expected result. Negations move to the conditions (De Morgan)."""
    if isinstance(expression, int):
        return _Node(is_all=True, literals=((expression, expected),))
    if isinstance(expression, Not):
        return _normal_form(expression.operand, expected=not expected)
    is_all = isinstance(expression, And) is expected
    return _combine(is_all, [_normal_form(operand, expected=expected) for operand in expression.operands])


def _combine(is_all: bool, nodes: Iterable[_Node]) -> _Node:
    # The keys are in the order of the expression, without repetitions.
    literals: dict[tuple[int, bool], None] = {}
    children: dict[_Node, None] = {}
    for node in nodes:
        if node.is_all is is_all or node.is_single:
            literals |= dict.fromkeys(node.literals)
            children |= dict.fromkeys(node.children)
        elif node.is_constant:
            return node
        else:
            children[node] = None
    if any((order, not expected) in literals for order, expected in literals):
        return _Node(is_all=not is_all, literals=())  # "1 and not 1" is false, "1 or not 1" is true
    if not literals and len(children) == 1:
        return next(iter(children))
    return _Node(is_all, tuple(literals), tuple(children))


def _predicate(node: _Node, by_order: Mapping[int, Predicate]) -> Predicate:
    literals = [by_order[order] if expected else negated(by_order[order]) for order, expected in node.literals]
    predicates = [*literals, *(_predicate(child, by_order) for child in node.children)]
    return all_of(predicates) if node.is_all else any_of(predicates)


def _evaluator(node: _Node, by_order: Mapping[int, Predicate], positions: Mapping[int, int]) -> _Evaluator:
    literals = [(positions[order], by_order[order], expected) for order, expected in node.literals]
    children = [_evaluator(child, by_order, positions) for child in node.children]
    decisive = not node.is_all  # one operand with this result decides

    def evaluate(document: Document, results: _Results) -> bool:
        for position, predicate, expected in literals:
            result = results[position]
            if result is None:
                result = results[position] = predicate(document)
            if (result is expected) is decisive:
                return decisive
        for child in children:
            if child(document, results) is decisive:
                return decisive
        return not decisive

    return evaluate
