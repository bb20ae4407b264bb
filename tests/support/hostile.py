"""Bad documents that real collections of PDFs contain. A build must record their status and build the others."""

from __future__ import annotations

import random
from pathlib import Path

import pymupdf

ZERO_PAGES_BODY = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj
"""


def zero_pages() -> bytes:
    """Returns a valid PDF without pages. PyMuPDF cannot write such a file."""
    offsets = [ZERO_PAGES_BODY.index(b"%d 0 obj" % number) for number in (1, 2)]
    entries = b"0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer<</Size 3/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(ZERO_PAGES_BODY)
    return ZERO_PAGES_BODY + b"xref\n0 3\n" + entries + trailer


def write_hostile(directory: Path) -> dict[str, str]:
    """Writes the documents into a directory.

    Returns:
        The status that each document, or its only page, must get, by file name.
    """
    directory.mkdir(parents=True, exist_ok=True)
    letter = one_page("A letter of some words, long enough to be read by anyone.")
    files = {
        "truncated.pdf": (letter[: len(letter) // 3], "corrupt"),
        "random.pdf": (random.Random(0).randbytes(5000), "not_pdf"),
        "page.html.pdf": (b"<!DOCTYPE html><html><body>404 Not Found</body></html>", "not_pdf"),
        "empty.pdf": (b"", "empty"),
        "password.pdf": (one_page("Secret", user_pw="secret", encryption=pymupdf.PDF_ENCRYPT_AES_256), "encrypted"),
        "zero-pages.pdf": (zero_pages(), "empty"),
        "poster.pdf": (one_page("Far too large", width=43_200, height=43_200), "too_large"),
        "blank.pdf": (one_page(""), "blank"),
    }
    for name, (data, _) in files.items():
        (directory / name).write_bytes(data)
    return {name: status for name, (_, status) in files.items()}


def endless() -> bytes:
    """Returns a small PDF with a page that takes years to draw: forms that show the next form eight times each."""
    with pymupdf.open() as document:
        page = document.new_page()
        below = 0
        for _ in range(24):
            xref = document.get_new_xref()
            resources = f"/Resources<</XObject<</F {below} 0 R>>>>" if below else ""
            document.update_object(xref, f"<</Type/XObject/Subtype/Form/BBox[0 0 595 842]{resources}>>")
            document.update_stream(xref, b"/F Do " * 8 if below else b"0 0 1 1 re f")
            below = xref
        document.xref_set_key(page.xref, "Resources", f"<</XObject<</F {below} 0 R>>>>")
        contents = document.get_new_xref()
        document.update_object(contents, "<<>>")
        document.update_stream(contents, b"/F Do")
        document.xref_set_key(page.xref, "Contents", f"{contents} 0 R")
        return document.tobytes(no_new_id=True)


def one_page(text: str, width: float = 595, height: float = 842, **save_options: object) -> bytes:
    """Returns a PDF with one page that shows `text`.

    Args:
        text: the text of the page.
        width, height: size of the page in points (1/72 inch).
        **save_options: passed to `pymupdf.Document.tobytes`.
    """
    with pymupdf.open() as document:
        page = document.new_page(width=width, height=height)
        page.insert_text((72, 100), text, fontsize=14)
        return document.tobytes(no_new_id=True, **save_options)
