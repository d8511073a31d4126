"""Finds the character encoding of a text file (docs/api.md, "Import")."""

from __future__ import annotations

import codecs
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

from outreach.imports import encoding_names
from outreach.imports.file_format import UnreadableFile

# The mark of UTF-32 begins like that of UTF-16.
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_BYTES = 4096
# What old systems fill a file up with.
PADDING = b"\0\x1a"
_BLOCK_BYTES = 1 << 20
_WORD_SEPARATORS = re.compile(rb"[\r\n\t,;\" ]+")
# The texts of this many words decide the encoding (docs/decisions.md, "Imports"). Fewer need a second opinion.
_DECISIVE_WORDS = 6
_USUAL_LATIN = "cp1252"
# Encodings of old Macs and of DOS, which chardetng takes for those of Windows, by their names at chardet. ``None``: which of
# several similar ones it is, is uncertain.
_OLD_LATIN = {"MacRoman": "mac-roman", "MacLatin2": None} | dict.fromkeys(
    ("cp437", "cp775", "cp850", "cp852", "cp857", "cp862", "cp865"), None
)
_OLD_CYRILLIC = {"MacCyrillic": "mac-cyrillic"}
# Categories of characters that no text has: controls, unassigned and private ones.
_NOT_TEXT = ("Cc", "Cn", "Co")

_UNKNOWN = "is neither an Excel workbook nor text in a recognisable encoding; save it as UTF-8, or set `encoding`"


def find_encoding(file: IO[bytes], named: Sequence[str]) -> str:
    """Find the encoding of a file.

    In this order: a byte order mark; an encoding that the client has named; UTF-8 and UTF-16 if the file can be decoded so; and
    detection. No encoding is chosen only because it can decode any file, as Windows-1252 nearly can.

    Args:
        file: must be seekable.
        named: the encodings that the client has named, the most reliable first; blank ones do not count.

    Returns:
        The name of a Python codec.

    Raises:
        UnreadableFile: the file is not in an encoding that was named, or no encoding is plausible.
    """
    file.seek(0)
    sample = file.read(_SAMPLE_BYTES)
    for bom, codec in _BOMS:
        if sample.startswith(bom):
            return codec
    if candidates := [_named_codec(name) for name in named if name.strip()]:
        return _first_that_decodes(candidates, file)
    if _is_utf16(sample.rstrip(PADDING)):
        codec = "utf-16-le" if sample[1::2].count(0) > sample[0::2].count(0) else "utf-16-be"
        if _is_noise(sample.decode(codec, "ignore")):
            raise UnreadableFile(_UNKNOWN)
        return codec
    return "utf-8" if _decodes("utf-8", file) else _detect(file)


def _is_utf16(sample: bytes) -> bool:
    """Return whether a text without a mark is UTF-16.

    In Western text every other byte is zero, in other text at least each comma has one. A single zero elsewhere is a stray
    control character.
    """
    zeros = sample.count(0)
    return zeros > len(sample) // 4 or (zeros > len(sample) // 50 and not _is_utf8(sample))


def _is_utf8(sample: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeError:
        return False
    return True


def _named_codec(name: str) -> str:
    try:
        return encoding_names.codec_of(name)
    except ValueError as error:
        raise UnreadableFile(f"cannot be read as {name[:40]!r}, which {error}") from error


def _first_that_decodes(codecs_: Sequence[str], file: IO[bytes]) -> str:
    for codec in codecs_:
        if _decodes(codec, file):
            return codec
    names = " or ".join(dict.fromkeys(map(encoding_names.display_name, codecs_)))
    raise UnreadableFile(f"cannot be read as {names}; set `encoding` to its real encoding, or save it as UTF-8")


def _decodes(codec: str, file: IO[bytes]) -> bool:
    """Return whether the whole file can be decoded."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        while block := file.read(_BLOCK_BYTES):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _detect(file: IO[bytes]) -> str:
    """Detect the encoding of a file that is not UTF-8."""
    sample = _sample(line for _, line in _lines_beyond_ascii(file))
    codec = _detected_codec(sample)
    if codec is None or not _decodes(codec, file) or not _is_text(sample.decode(codec, "replace")):
        raise _unknown(file)
    if len(_words(sample)) < _DECISIVE_WORDS and not (_is_distinctive(sample, codec) and _has_second_opinion(sample, codec)):
        raise _unknown(file)
    return codec


def _detected_codec(sample: bytes) -> str | None:
    """Return the encoding that chardetng detects, or an old one that it does not know; ``None`` if that is uncertain."""
    import chardet  # only a few files need these two
    import chardetng_py

    codec = encoding_names.codec_of(chardetng_py.detect(sample))
    if len(_words(sample)) < _DECISIVE_WORDS:
        return codec
    old = _OLD_CYRILLIC if codec == "cp1251" else _OLD_LATIN
    return old.get(chardet.detect(sample)["encoding"] or "", codec)


def _unknown(file: IO[bytes]) -> UnreadableFile:
    """Return the error of a file that cannot be read. If only some lines of it are not UTF-8, it names the first of them."""
    broken = next((number for number, line in _lines_beyond_ascii(file) if not _is_utf8(line)), None)
    if broken and any(_is_utf8(line) for _, line in _lines_beyond_ascii(file)):
        return UnreadableFile(f"is UTF-8, but not in line {broken}; mend this line, or set `encoding`")
    return UnreadableFile(_UNKNOWN)


def _is_distinctive(sample: bytes, codec: str) -> bool:
    """Return whether a few words suffice. Rare Latin encodings are ambiguous: a Norwegian name decodes as a Lithuanian one."""
    text = sample.decode(codec)
    is_latin = all("LATIN" in unicodedata.name(char, "") for char in text if char.isalpha() and not char.isascii())
    return not is_latin or text == sample.decode(_USUAL_LATIN, "replace")


def _has_second_opinion(sample: bytes, codec: str) -> bool:
    """Return whether another detector reads the same text."""
    import chardet

    other = chardet.detect(sample)["encoding"]
    try:
        return other is not None and sample.decode(other) == sample.decode(codec)
    except (LookupError, UnicodeError):
        return False


def _lines_beyond_ascii(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that tell something about the encoding, with their numbers."""
    file.seek(0)
    for number, line in enumerate(iter(lambda: file.readline(_BLOCK_BYTES), b""), start=1):
        if not line.isascii():
            yield number, line


def _sample(lines: Iterable[bytes]) -> bytes:
    sample = io.BytesIO()
    for line in lines:
        sample.write(line)
        if sample.tell() > _BLOCK_BYTES:
            break
    return sample.getvalue()


def _words(sample: bytes) -> set[bytes]:
    return {word for word in _WORD_SEPARATORS.split(sample) if not word.isascii()}


def _is_noise(text: str) -> bool:
    """Return whether a text is more than a little of what no text has, as a picture that is read as UTF-16."""
    return sum(map(_is_no_text, text)) > len(text) // 10


def _is_text(text: str) -> bool:
    return not any(map(_is_no_text, set(text)))


def _is_no_text(char: str) -> bool:
    return unicodedata.category(char) in _NOT_TEXT and char not in "\t\r\n"
