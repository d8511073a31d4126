"""Maps validation errors to JSON Pointers (RFC 6901) in the request as the caller wrote it.

Validation works with documented names and one shape of each value. A caller may spell a property in another case, use an alias,
or send custom fields as an array of pairs. An error must name what the caller sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel

from outreach import text, wire
from outreach.http.json_pointers import Step, to_pointer

Models = frozenset[type[BaseModel]]


def in_document(steps: Sequence[Step], document: Any, body_type: Any, *, has_tags: bool = False) -> str:
    """Return the pointer to a place in a document.

    A property that the document lacks keeps its documented name. Any other step that leads nowhere is left out: pydantic adds the
    tags of unions, and comma-separated ids have parts that are not JSON.

    Args:
        steps: the documented names and the indexes that lead to the place.
        document: the parsed body.
        body_type: the annotation of the body; its models know the aliases.
        has_tags: whether the steps are pydantic's. Otherwise they may name an entry that an object without a model lacks.
    """
    return to_pointer(list(_walk(steps, document, _models_in(body_type), has_tags)))


def _walk(steps: Sequence[Step], node: Any, models: Models, has_tags: bool) -> Iterator[Step]:
    if not steps or not isinstance(node, Mapping | list | tuple):
        return
    step, rest = steps[0], steps[1:]
    if not isinstance(node, Mapping):
        yield from _walk_array(step, rest, node, models, has_tags)
        return
    key = _key(str(step), node, models)
    if key is not None:
        yield key
        yield from _walk(rest, node[key], _models_of(str(step), models), has_tags)
    elif _documented(str(step), models) or not (models or has_tags):
        yield from steps
    else:
        yield from _walk(rest, node, models, has_tags)


def _walk_array(step: Step, rest: Sequence[Step], node: Sequence[Any], models: Models, has_tags: bool) -> Iterator[Step]:
    if str(step).isdecimal() and int(step) < len(node):
        yield int(step)
        yield from _walk(rest, node[int(step)], models, has_tags)
        return
    wanted = text.comparison_key(str(step))
    for index in reversed(range(len(node))):  # of a name that occurs twice, the last value counts
        pair = node[index]
        if not isinstance(pair, dict):  # most long lists have only ids, and this is asked for each error
            continue
        keys = {str(key).lower(): key for key in pair}
        if text.comparison_key(str(pair[keys["name"]]) if "name" in keys else "") == wanted:
            part = "name" if list(rest) == ["name"] else "value"
            yield index
            yield from [keys[part]] if part in keys else []
            return
    yield from _walk(rest, node, models, has_tags)


def _key(step: str, node: Mapping[str, Any], models: Models) -> str | None:
    """Return the caller's spelling of a property: the last one, because it is the one that counts."""
    documented = _documented(step, models)
    if documented:
        matches = [key for key in node if _documented(key, models) == documented]
    else:
        matches = [key for key in node if key == step] or [key for key in node if not models and text.is_same(key, step)]
    return matches[-1] if matches else None


def _documented(spelling: str, models: Models) -> str | None:
    return next((name for model in models if (name := wire.spellings(model).get(spelling.lower()))), None)


def _models_of(step: str, models: Models) -> Models:
    """Return the models of a property's value."""
    fields = [
        field
        for model in models
        for name, field in model.model_fields.items()
        if wire.spellings(model).get(name.lower()) == wire.spellings(model).get(step.lower(), "")
    ]
    return frozenset[type[BaseModel]]().union(*(_models_in(field.annotation) for field in fields))


def _models_in(annotation: Any) -> Models:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return frozenset([annotation])
    return frozenset[type[BaseModel]]().union(*map(_models_in, get_args(annotation)))
