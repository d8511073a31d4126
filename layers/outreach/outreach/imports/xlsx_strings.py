"""The texts that the cells of a workbook share, in little memory."""

from __future__ import annotations

import re
from array import array

from outreach.imports.file_format import UnreadableFile
from outreach.imports.xlsx_package import Attributes, Handlers, Package

# A file with a million rows has fewer texts. Each takes 4 bytes in addition to its UTF-8.
_MAX_STRINGS = 10_000_000
_MAX_BYTES = 400_000_000
# Excel specifications and limits: 32,767 characters in a cell. Other programs write more.
_MAX_CHARACTERS = 1_000_000

# A character as a workbook writes it if XML cannot: ``_x000D_``. An underscore may be written ``_x005F_``.
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


class SharedStrings:
    """A list of texts, stored one after the other."""

    def __init__(self) -> None:
        self._text = bytearray()
        self._ends = array("I", [0])

    def __getitem__(self, position: int) -> str:
        if position < 0:
            raise IndexError(position)
        return self._text[self._ends[position] : self._ends[position + 1]].decode()

    def append(self, text: str) -> None:
        """Add a text.

        Raises:
            UnreadableFile: there are too many texts, or they are too long.
        """
        self._text += text.encode()
        self._ends.append(len(self._text))
        if len(self._ends) > _MAX_STRINGS or len(self._text) > _MAX_BYTES:
            raise UnreadableFile("has too many distinct text values; save it as CSV")


class TextCollector:
    """Collects the text of an element piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0

    def add(self, piece: str) -> None:
        """Add a piece.

        Raises:
            UnreadableFile: the text is too long.
        """
        self._pieces.append(piece)
        self._length += len(piece)
        if self._length > _MAX_CHARACTERS:
            raise UnreadableFile(f"has a cell of more than {_MAX_CHARACTERS:,} characters")

    def take(self) -> str:
        """Return and clear the collected text."""
        text = "".join(self._pieces)
        self._pieces.clear()
        self._length = 0
        return text


def read_shared_strings(package: Package, part: str) -> SharedStrings:
    """Read a workbook's shared strings. Formatting and pronunciation (``rPh``) are left out."""
    strings, collector = SharedStrings(), TextCollector()
    collects = False
    phonetic = 0

    def start(element: str, _: Attributes) -> None:
        nonlocal collects, phonetic
        if element == "rPh":
            phonetic += 1
        collects = element == "t" and not phonetic

    def end(element: str) -> None:
        nonlocal collects, phonetic
        collects = False
        if element == "rPh":
            phonetic -= 1
        elif element == "si":
            strings.append(decode_escapes(collector.take()))

    package.parse_all(part, Handlers(start, end, lambda piece: collector.add(piece) if collects else None))
    return strings


def decode_escapes(text: str) -> str:
    """Decode ``_xHHHH_``."""
    if "_x" not in text:
        return text
    decoded = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    return decoded.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
