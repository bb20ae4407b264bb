"""One-page PDFs whose fonts have the character maps that a test chooses."""

from __future__ import annotations

from collections.abc import Mapping

from tests.support.raw_pdf import CONTENT_NUMBER, raw_pdf, stream

MEDIA_BOX = b"/MediaBox [0 0 500 700]"


def one_page_of(content: str, fonts: Mapping[str, str], streams: Mapping[int, bytes] | None = None) -> bytes:
    """Returns a PDF with one page of 500 x 700 pt.

    Args:
        content: the content stream, in Latin-1; the y axis points up.
        fonts: name in the content stream -> the font's dictionary, without the angle brackets.
        streams: more objects, by number from 50 to 99; the fonts can refer to them.
    """
    named = " ".join(f"/{name} <<{font}>>" for name, font in fonts.items())
    objects = {CONTENT_NUMBER: content.encode("latin-1"), **(streams or {})}
    page = MEDIA_BOX + f"/Resources <</Font <<{named}>>>>".encode()
    return raw_pdf({number: stream(data) for number, data in objects.items()}, page)


def helvetica(to_unicode: int | None = None, weight: str = "") -> str:
    """Returns a Helvetica dictionary, with the number of its character map if it has one."""
    cmap = f"/ToUnicode {to_unicode} 0 R" if to_unicode else ""
    return f"/Type/Font/Subtype/Type1/BaseFont/Helvetica{weight}/Encoding/WinAnsiEncoding{cmap}"


def character_map(characters: Mapping[str, str]) -> bytes:
    """Returns a ToUnicode map: the character that each code of WinAnsi is said to be."""
    rows = "\n".join(
        f"<{ord(code):02X}> <{text.encode('utf-16-be').hex().upper()}>" for code, text in characters.items()
    )
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def "
        f"1 begincodespacerange <00> <FF> endcodespacerange {len(characters)} beginbfchar\n{rows}\nendbfchar "
        "endcmap end end"
    ).encode()
