"""The parts of an XLSX file: a ZIP archive of XML documents (Open Packaging Conventions, ISO/IEC 29500-2).

The file may be damaged, or made to exhaust memory.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, NoReturn
from xml.parsers import expat

from outreach.imports.file_format import UnreadableFile

UNREADABLE = "cannot be read as an Excel workbook; save it again as .xlsx"
OLD_OR_PROTECTED = "is an old (.xls) or password-protected Excel file; save it as .xlsx without a password, or as CSV"
_NOT_XLSX = "is not an .xlsx workbook but {}; save it as .xlsx or CSV"
_ARCHIVE = "is a ZIP archive; unpack it, and import the .xlsx or CSV file in it"
# Other kinds of archives, by a part or folder that each of them has.
_OTHER_ARCHIVES = {
    "xl/workbook.bin": "a binary workbook (.xlsb)",
    "mimetype": "an OpenDocument file",
    "index/": "a Numbers document",
    "index.zip": "a Numbers document",
    "word/": "a text document (.docx)",
    "ppt/": "a presentation (.pptx)",
}

# A real workbook of 100 MB unpacks to about this size.
_MAX_UNPACKED_BYTES = 1_500_000_000
# No part has more structure than this: a tag, a comment or a name is shorter than a block.
_BLOCK_BYTES = 1 << 16
_MAX_TOKEN_BYTES = 1 << 20
_ENCRYPTED = 0x1

Attributes = dict[str, str]
Start = Callable[[str, Attributes], None]


@dataclass(frozen=True)
class Handlers:
    """The functions that receive the content of a part; element and attribute names have no prefix.

    Attributes:
        start: receives an element's name and its attributes.
        end: receives an element's name.
        text: receives a piece of text; ``None`` if the text does not matter.
    """

    start: Start
    end: Callable[[str], object] | None = None
    text: Callable[[str], None] | None = None


@dataclass(frozen=True)
class Relationship:
    """A part that another part refers to.

    Attributes:
        kind: the last segment of its type, such as ``worksheet``.
        target: the name of the part.
    """

    kind: str
    target: str


class Package:
    """A ZIP archive whose parts are read by name, without regard to case."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._entries = {_part_name(entry.filename): entry for entry in archive.infolist()}
        unpacked = sum(entry.file_size for entry in self._entries.values())  # zipfile never reads more than this of an entry
        if unpacked > _MAX_UNPACKED_BYTES:
            raise UnreadableFile("is a workbook that is too large when unpacked; save it as CSV")
        if any(entry.flag_bits & _ENCRYPTED for entry in self._entries.values()):
            raise UnreadableFile(OLD_OR_PROTECTED)

    def __contains__(self, name: str) -> bool:
        return _part_name(name) in self._entries

    def parse(self, name: str, handlers: Handlers) -> Iterator[None]:
        """Parse a part; each step of the iterator parses one block."""
        parser = _parser(handlers)
        size = 0
        with self._archive.open(self._entries[_part_name(name)]) as part:
            while block := part.read(_BLOCK_BYTES):
                parser.Parse(block)
                size += len(block)
                if size - parser.CurrentByteIndex > _MAX_TOKEN_BYTES:  # expat keeps an incomplete token in memory
                    raise UnreadableFile(UNREADABLE)
                yield
            parser.Parse(b"", True)

    def parse_all(self, name: str, handlers: Handlers) -> None:
        """Parse a whole part."""
        for _ in self.parse(name, handlers):
            pass

    def relationships(self, name: str) -> dict[str, Relationship]:
        """Return the parts that a part refers to, by the id of the relationship; ``name`` is empty for the package itself."""
        folder, base = posixpath.split(name)
        result: dict[str, Relationship] = {}

        def start(element: str, attributes: Attributes) -> None:
            if element == "Relationship" and attributes.get("TargetMode") != "External":
                target = posixpath.join(folder, attributes["Target"].replace("\\", "/"))
                result[attributes["Id"]] = Relationship(posixpath.basename(attributes["Type"]), posixpath.normpath(target))

        self.parse_all(posixpath.join(folder, "_rels", f"{base}.rels"), Handlers(start))
        return result


@contextmanager
def open_package(file: IO[bytes]) -> Iterator[Package]:
    """Open a file as a package.

    Any other error inside the ``with`` block means that the file is damaged: neither zipfile nor zlib nor expat documents all
    errors that a damaged file can cause.

    Raises:
        UnreadableFile: the file is damaged, too large, protected, or of another format.
    """
    file.seek(0, io.SEEK_SET)
    try:
        with zipfile.ZipFile(file) as archive:
            _require_xlsx(archive)
            yield Package(archive)
    except UnreadableFile:
        raise
    except Exception as error:
        raise UnreadableFile(UNREADABLE) from error


def _require_xlsx(archive: zipfile.ZipFile) -> None:
    names = {_part_name(name) for name in archive.namelist()}
    for beginning, description in _OTHER_ARCHIVES.items():
        if any(name.startswith(beginning) for name in names):
            raise UnreadableFile(_NOT_XLSX.format(description))
    if "[content_types].xml" not in names:
        raise UnreadableFile(_ARCHIVE)


def _part_name(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _parser(handlers: Handlers) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype

    def start_root(name: str, attributes: dict[str, str]) -> None:
        start = _attach(parser, handlers, prefix=name[: name.rfind(":") + 1])
        start(name, attributes)

    parser.StartElementHandler = start_root
    return parser


def _attach(parser: expat.XMLParserType, handlers: Handlers, prefix: str) -> Start:
    """Attach the handlers of a document whose elements have a prefix.

    Most documents have none. Their handlers are called directly, because they take most of the time of an import's first pass.
    """
    start, end = handlers.start, handlers.end
    if prefix:
        start = lambda name, attributes: handlers.start(name.removeprefix(prefix), attributes)  # noqa: E731
    parser.StartElementHandler = start
    if end:
        parser.EndElementHandler = (lambda name: end(name.removeprefix(prefix))) if prefix else end
    if handlers.text:
        parser.CharacterDataHandler = handlers.text
    return start


def _refuse_doctype(*_: object) -> NoReturn:
    """Refuse a document type, which no part has: entities are defined there."""
    raise UnreadableFile(UNREADABLE)
