"""Images in JBIG2 whose end is missing. MuPDF draws them as white paper and does not warn."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pymupdf

_UNKNOWN_LENGTH = 0xFFFFFFFF


def has_cut_image(page: pymupdf.Page) -> bool:
    """Returns whether the end of one of the page's JBIG2 images is missing.

    Args:
        page: a page. Images of its resources count even if it does not show them.
    """
    document = page.parent
    images = document.get_page_images(page.number, full=True)
    return any(is_cut(document.xref_stream_raw(xref)) for xref, *_, kind, _ in images if kind == "JBIG2Decode")


def is_cut(stream: bytes) -> bool:
    """Returns whether the end of the last segment of a JBIG2 stream (ITU-T T.88, 7.2) is missing.

    Args:
        stream: the segments one after the other, without a file header, as in PDF.
    """
    at = 0
    while (segment := _segment_at(stream, at)) is not None:
        start, length = segment
        if length == _UNKNOWN_LENGTH:
            return False
        at = start + length
    return at > len(stream)


def _segment_at(stream: bytes, at: int) -> tuple[int, int] | None:
    """Returns the start and the length of the data of the segment whose header starts at `at`; None at the end."""
    if len(stream) < at + 11:
        return None
    number, flags, references = int.from_bytes(stream[at : at + 4], "big"), stream[at + 4], stream[at + 5] >> 5
    at += 6
    if references == 7:  # the long form
        references = int.from_bytes(stream[at - 1 : at + 3], "big") & 0x1FFFFFFF
        at += 3 + (references + 8) // 8
    at += references * (1 if number <= 256 else 2 if number <= 65536 else 4)
    at += 4 if flags & 0x40 else 1  # the page to which the segment belongs
    return at + 4, int.from_bytes(stream[at : at + 4], "big")
