"""The messages of pydantic in the words of the API. Without the resolver, because workers use them, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_OBJECT = ("model_type", "model_attributes_type", "dict_type")
_ARRAY = ("list_type", "tuple_type")
# The types of errors of values that have another form.
FORMS = (*_OBJECT, *_ARRAY)

# pydantic's error types in our words. A message continues a sentence that begins with the field.
_MESSAGES = {
    "missing": "is required",
    "string_type": "must be a string",
    "string_too_short": "must have at least {min_length:,} characters",
    "string_too_long": "must have at most {max_length:,} characters",
    "too_long": "must have at most {max_length:,} entries",
    "too_short": "must have at least {min_length:,} entries",
    **dict.fromkeys(("enum", "literal_error"), "must be one of {expected}"),
    "is_instance_of": "must be a file",
    "greater_than_equal": "must be at least {ge:,}",
    "less_than_equal": "must be at most {le:,}",
    **dict.fromkeys(_OBJECT, "must be an object"),
    **dict.fromkeys(_ARRAY, "must be an array"),
}


def message_of(entry: Mapping[str, Any]) -> str:
    """Return one of pydantic's errors in our words."""
    if entry["type"] in ("string_too_short", "too_short") and entry["ctx"]["min_length"] == 1:
        return "must not be empty"
    if entry["type"] in ("too_long", "too_short") and isinstance(entry["input"], str):
        return _MESSAGES[f"string_{entry['type']}"].format(**entry["ctx"])
    if template := _MESSAGES.get(entry["type"]):
        return template.format(**entry.get("ctx", {}))
    return str(entry["msg"]).removeprefix("Value error, ")
