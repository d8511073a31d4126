"""Reads what another release may have stored or queued (docs/contributing.md, "Releases and upgrades")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def known(model: type[DataclassInstance], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values for which a dataclass has fields; others come from a newer release and are ignored.

    Args:
        model: the dataclass.
        values: stored values by name.
    """
    return {field.name: values[field.name] for field in fields(model) if field.name in values}
