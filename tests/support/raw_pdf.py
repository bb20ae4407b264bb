"""PDFs written object by object, with entries and streams that no library would write."""

from __future__ import annotations

from collections.abc import Mapping

FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
FONT_NUMBER, CONTENT_NUMBER, FIRST_PAGE_NUMBER = 3, 4, 100


def stream(data: bytes, entries: bytes = b"") -> bytes:
    """Returns a stream object.

    Args:
        data: the bytes of the stream.
        entries: what its dictionary holds besides /Length.
    """
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(data), data)


def text_operators(lines: list[str], top: int = 780) -> bytes:
    """Returns the drawing operations of lines of text, the first of them at `top` points above the bottom."""
    shown = b"\n".join(b"(%s) Tj T*" % line.encode() for line in lines)
    return b"BT /F1 11 Tf 14 TL 50 %d Td\n%s\nET\n" % (top, shown)


def raw_pdf(
    objects: Mapping[int, bytes],
    page: bytes = b"/MediaBox [0 0 595 842]",
    pages: int = 1,
    catalog: bytes = b"",
    trailer: bytes = b"",
) -> bytes:
    """Returns a PDF whose pages all show the content of object 4 with the font /F1.

    Args:
        objects: bodies of objects by number, from 4 to 99, in addition to those of the document.
        page: entries of each page; /Contents and /Resources have default values.
        pages: number of pages.
        catalog, trailer: more entries of the catalog and of the trailer.
    """
    numbers = range(FIRST_PAGE_NUMBER, FIRST_PAGE_NUMBER + pages)
    contents = b"" if b"/Contents" in page else b"/Contents %d 0 R" % CONTENT_NUMBER
    resources = b"" if b"/Resources" in page else b"/Resources << /Font << /F1 %d 0 R >> >>" % FONT_NUMBER
    body = {
        1: b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog,
        2: b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(b"%d 0 R" % number for number in numbers), pages),
        FONT_NUMBER: FONT,
        **objects,
        **dict.fromkeys(numbers, b"<< /Type /Page /Parent 2 0 R %s %s %s >>" % (page, contents, resources)),
    }
    return _file(body, trailer)


def _file(body: dict[int, bytes], trailer: bytes) -> bytes:
    data, offsets, size = b"%PDF-1.7\n", {}, max(body) + 1
    for number, content in body.items():
        offsets[number] = len(data)
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    entries = (b"%010d 00000 n \n" % offsets[i] if i in offsets else b"0000000000 00000 f \n" for i in range(1, size))
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, b"".join(entries))
    return (
        data + table + b"trailer << /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, len(data))
    )
