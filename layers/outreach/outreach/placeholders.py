"""Texts that people and programs write where they have no value (docs/api.md, "Text, numbers and addresses").

Contacts that share such a text are different people, so it is never an identity.
"""

from __future__ import annotations

import re
import unicodedata

from outreach import text

# In lower case.
_HUMAN_PLACEHOLDERS = ("n/a", "na", "n.a.", "n.a", "n\\a", "none", "null", "nil", "unknown", "tbd", "tba")
_PROGRAM_PLACEHOLDERS = ("nan", "undefined", "not available", "not applicable", "\\n", "[object object]")
_WORDS = frozenset((*_HUMAN_PLACEHOLDERS, *_PROGRAM_PLACEHOLDERS))
_BRACKETS = "<>()[]{}\"'"
# ``#VALUE!``, ``#DIV/0!``, ``#NAME?``, in the language of the spreadsheet; ``#N/A`` and ``#NV`` have no final mark.
_SPREADSHEET_ERROR = re.compile(r"#[¡¿]?[\w/]+[!?]|#n/[ad]|#nv|#nd|#getting_data|err:\d+")
_SEPARATORS_AND_MARKS = ("P", "Z", "Sm", "Sk")

# ``1.23457E+15``; also ``1.23457E15``, as Java writes it. Digits alone before ``E15`` may be an id of another system.
_ROUNDED = re.compile(r"[+-]?(?:\d+[.,]\d+e[+-]?|\d+e[+-])\d+")


def is_placeholder(given: str) -> bool:
    """Return whether a text means "no value": ``n/a``, ``-``, ``0``, ``#N/A``, ``NULL`` and the like, or is blank."""
    folded = text.comparison_key(given)
    if folded in _WORDS or folded.strip(_BRACKETS) in _WORDS or _SPREADSHEET_ERROR.fullmatch(folded):
        return True
    return text.is_blank(folded) or all(map(_is_meaningless, folded))


def is_spreadsheet_error(given: str) -> bool:
    """Return whether a text is what a spreadsheet shows in place of a result: ``#N/A``, ``#REF!``, ``Err:502``; no hashtag is."""
    folded = text.comparison_key(given)
    return _SPREADSHEET_ERROR.fullmatch(folded) is not None and (given.isupper() or folded.startswith("err:"))


def is_rounded_number(given: str) -> bool:
    """Return whether a spreadsheet has rounded a long number to one such as ``1.23457E+15``."""
    return _ROUNDED.fullmatch(text.comparison_key(given)) is not None


def _is_meaningless(char: str) -> bool:
    """Return whether a character is a mark, white space or a zero; a text of nothing else is not a value."""
    return unicodedata.category(char).startswith(_SEPARATORS_AND_MARKS) or unicodedata.decimal(char, None) == 0
