"""Workbooks with any content of their parts."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT_MAIN = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"

Content = str | bytes | Iterable[bytes]


def relationships(**targets: tuple[str, str]) -> str:
    """The relationships of a part: kind and target by id."""
    entries = (
        f'<Relationship Id="{id_}" Type="{_DOCUMENT}/{kind}" Target="{target}"/>' for id_, (kind, target) in targets.items()
    )
    return f'<Relationships xmlns="{_PACKAGE}">{"".join(entries)}</Relationships>'


def sheet(rows: str, namespace: str = MAIN) -> str:
    return f'<worksheet xmlns="{namespace}"><sheetData>{rows}</sheetData></worksheet>'


def strings(items: str) -> str:
    return f'<sst xmlns="{MAIN}">{items}</sst>'


def styles(*codes: str) -> str:
    """A style sheet: the formats of the codes have the numbers 1, 2, …"""
    formats = "".join(f'<numFmt numFmtId="{164 + n}" formatCode="{code}"/>' for n, code in enumerate(codes))
    cells = "".join(f'<xf numFmtId="{164 + n}"/>' for n in range(len(codes)))
    return f'<styleSheet xmlns="{MAIN}"><numFmts>{formats}</numFmts><cellXfs><xf numFmtId="0"/>{cells}</cellXfs></styleSheet>'


def inline(text: str, reference: str = "") -> str:
    """A cell with a text."""
    place = f' r="{reference}"' if reference else ""
    return f'<c{place} t="inlineStr"><is><t>{text}</t></is></c>'


def workbook(rows: str = "", **parts: Content) -> bytes:
    """A workbook with the sheet ``Contacts``.

    Args:
        rows: the content of ``sheetData``.
        parts: the content of the parts ``styles``, ``sharedStrings``, ``workbook``, ``sheet1``, ``rels``.
    """
    content: dict[str, Content] = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": relationships(rId1=("officeDocument", "xl/workbook.xml")),
        "xl/_rels/workbook.xml.rels": parts.get("rels")
        or relationships(
            rId1=("worksheet", "worksheets/sheet1.xml"),
            rId2=("styles", "styles.xml"),
            rId3=("sharedStrings", "sharedStrings.xml"),
        ),
        "xl/workbook.xml": parts.get("workbook") or book('<sheet name="Contacts" sheetId="1" r:id="rId1"/>'),
        "xl/worksheets/sheet1.xml": parts.get("sheet1") or sheet(rows),
        "xl/styles.xml": parts.get("styles") or styles(),
        "xl/sharedStrings.xml": parts.get("sharedStrings") or strings(""),
    }
    return archive(content)


def book(sheets: str, properties: str = "") -> str:
    return f'<workbook xmlns="{MAIN}" xmlns:r="{_DOCUMENT}">{properties}<sheets>{sheets}</sheets></workbook>'


def archive(content: Mapping[str, Content]) -> bytes:
    """A ZIP archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name, part in content.items():
            with target.open(name, "w", force_zip64=True) as file:
                for block in [part.encode()] if isinstance(part, str) else [part] if isinstance(part, bytes) else part:
                    file.write(block)
    return packed.getvalue()
