"""The names of character encodings, as clients write them and as Python knows them."""

from __future__ import annotations

import codecs
import io
import re

# Files that name one encoding and are written in its extension (WHATWG Encoding Standard, labels).
_EXTENSIONS = {
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "utf-8": "utf-8-sig",
}
# A Windows or DOS code page by its number: ``CP-1251``, ``win1251``, ``x-windows-1251``, ``IBM866``.
_CODE_PAGE = re.compile(r"(?:cp|win|windows|ms|dos|ibm)-?([0-9]{3,4})")
# ``ISO8859-2``, ``iso 8859 2``; the order of the letters of a script from right to left (``-i``, ``-e``) changes no code.
_ISO = re.compile(r"iso-?8859-?([0-9]{1,2})(-[ei])?")
# Names of the WHATWG Encoding Standard, of Windows and of Java that Python does not know. Windows writes "Unicode" as UTF-16.
_ALIASES = {
    "windows-31j": "cp932",
    "mac": "mac-roman",
    **dict.fromkeys(["unicode", "ucs-2", "iso-10646-ucs-2"], "utf-16"),
    "unicodefffe": "utf-16-be",
    "unicode-1-1-utf-8": "utf-8",
    "koi8": "koi8-r",
    "koi8-ru": "koi8-u",
    **dict.fromkeys(["gb-2312", "gb-2312-80"], "gb2312"),
    "cn-big5": "big5",
    **dict.fromkeys(["ks-c-5601-1989", "ksc-5601"], "euc-kr"),
    "mac-ukrainian": "mac-cyrillic",
}
# Names that mean another encoding in each country.
_REGIONAL = ("ansi", "oem")
# The common names of Python's codecs.
_NAMES = {"utf-8-sig": "utf-8", "cp874": "windows-874", "cp932": "shift_jis", "cp949": "euc-kr", "euc_jp": "euc-jp"}
# Python's codecs for other purposes.
_NOT_FOR_FILES = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem", "utf-7"}

_NOT_AN_ENCODING = "is not the name of an encoding; write one such as utf-8 or windows-1252"
_ONE_OF_A_REGION = (
    "means another encoding in each country; write that of the file, such as windows-1252 (Western Europe), "
    "windows-1250 (Central Europe), windows-1251 (Cyrillic) or shift_jis (Japan)"
)


def display_name(codec: str) -> str:
    """Return the name of a codec as other programs write it, such as ``windows-1251``."""
    name = codecs.lookup(codec).name
    return _NAMES.get(name) or re.sub("^cp125", "windows-125", re.sub("^iso8859", "iso-8859", name))


def codec_of(name: str) -> str:
    """Return the Python codec of the name of an encoding, in any common spelling (docs/api.md, "Files").

    Raises:
        ValueError: it is not the name of one encoding of text.
    """
    if name.strip().lower() in _REGIONAL:
        raise ValueError(_ONE_OF_A_REGION)
    try:
        codec = codecs.lookup(_python_name(name)).name
        io.TextIOWrapper(io.BytesIO(), codec)  # refuses codecs that do not decode to text
    except (LookupError, ValueError) as error:
        raise ValueError(_NOT_AN_ENCODING) from error
    if codec in _NOT_FOR_FILES:
        raise ValueError(_NOT_AN_ENCODING)
    return _EXTENSIONS.get(codec, codec)


def _python_name(name: str) -> str:
    plain = re.sub("[ _]", "-", name.strip().lower())
    plain = re.sub("^(x-)+", "", plain)
    if code_page := _CODE_PAGE.fullmatch(plain):
        return f"cp{code_page[1]}"
    if part := _ISO.fullmatch(plain):
        return f"iso8859-{part[1]}"
    return _ALIASES.get(plain, plain)
