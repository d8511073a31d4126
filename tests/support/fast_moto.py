"""Remembers what moto computes anew at each mocked call, though it depends on names alone."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from moto.core import responses, utils
from moto.core.serialize import AttributePickerContext, XFormedAttributePicker

_possible_keys = XFormedAttributePicker.get_possible_keys
_remembered: dict[tuple[Any, ...], tuple[str, ...]] = {}


def remember_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make moto faster until the patches are undone; its results stay the same."""
    monkeypatch.setattr(XFormedAttributePicker, "get_possible_keys", _remembered_keys)
    monkeypatch.setattr(responses, "method_names_from_class", _method_names)
    monkeypatch.setattr(responses, "camelcase_to_underscores", _underscores)


_method_names = cache(utils.method_names_from_class)
_underscores = cache(utils.camelcase_to_underscores)


def _remembered_keys(picker: XFormedAttributePicker, context: AttributePickerContext) -> Iterator[str] | tuple[str, ...]:
    """The names under which an answer's attribute may be found: they depend on the model and on the type of the object alone."""
    kind, shape = type(context.obj), context.shape
    if hasattr(context.obj, "Meta") or context.service_model is None or not hasattr(shape, "parent"):
        # An object may have names of its own.
        return _possible_keys(picker, context)
    key = (context.service_model.service_name, shape.parent.name, context.key, shape.name, kind)
    if key not in _remembered:
        _remembered[key] = tuple(_possible_keys(picker, context))
    return _remembered[key]
