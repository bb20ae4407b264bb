"""One-page PDFs from content streams, with fonts whose character maps the test chooses."""

from __future__ import annotations

from collections.abc import Mapping

WIDTH_PT, HEIGHT_PT = 500, 700


def one_page_of(content: str, fonts: Mapping[str, str], streams: Mapping[int, bytes] | None = None) -> bytes:
    """Returns a PDF with one page.

    Args:
        content: the content stream, in Latin-1; the y axis points up.
        fonts: name in the content stream -> the font's dictionary, without the angle brackets.
        streams: more objects, by number from 100; the fonts can refer to them.
    """
    resources = " ".join(f"/{name} <<{font}>>" for name, font in fonts.items())
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {WIDTH_PT} {HEIGHT_PT}]/Contents 4 0 R"
        f"/Resources<</Font<<{resources}>>>>>>".encode(),
        4: _stream(content.encode("latin-1")),
        **{number: _stream(data) for number, data in (streams or {}).items()},
    }
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, data) for number, data in objects.items())
    return b"%PDF-1.7\n" + body + b"trailer<</Root 1 0 R/Size 1000>>\n%%EOF\n"


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


def _stream(data: bytes) -> bytes:
    return b"<</Length %d>>stream\n%s\nendstream" % (len(data), data)
