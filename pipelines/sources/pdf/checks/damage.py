"""What MuPDF reports about damage while it draws a page.

MuPDF draws what it can decode, leaves out the rest, and only writes a warning, so a damaged page can come out blank
without an error. Some warnings appear only once: images and fonts stay decoded in MuPDF's store, and the objects of a
document stay parsed. The damage of a page must not depend on the pages that were read before it, therefore

* warnings count only while the page is drawn. Its images and text were listed before, so its objects are parsed.
* after a page with damage, the store is emptied before each other page of the document. What undamaged pages left in it
  cannot hide a warning.
"""

from __future__ import annotations

import re

from schemas.support.printable import printable

DAMAGED = "damaged: "
MAX_MESSAGES = 3
_DRAWING = "folio: a page is drawn"
_FONT = "ignored error when loading embedded font"
# The libraries that MuPDF uses report errors as "zlib error: ...", and MuPDF its own ones as "syntax error: ...".
_DAMAGE = re.compile(
    r"\w+ error: |ignoring zlib error|premature end of|padding truncated image|read error|unknown filter"
    r"|content stream is not a stream|cannot (?:load|find|decode|draw|render) |jbig2dec warning: (?:failed|ignoring) "
)
_HARMLESS = re.compile(r"ICC|cms|assuming terminating marker|cannot load object|object in xref")
_NOISE = re.compile(r"^(?:library|format|syntax|unsupported) error: |^ignoring (?=zlib error)| \(segment \d+\)$")
_GENERAL = "read error; treating as end of file"  # follows the error that caused it


def forget(empty_store: bool = False) -> None:
    """Clears MuPDF's list of warnings. Call it before a document is opened and before a page is loaded.

    Args:
        empty_store: also empty the store, so that images and fonts are decoded again.
    """
    import pymupdf

    if empty_store:
        pymupdf.TOOLS.store_shrink(100)
    pymupdf.TOOLS.mupdf_warnings()


def note_drawing() -> None:
    """Marks in MuPDF's list of warnings that a page is drawn now."""
    import pymupdf

    pymupdf.mupdf.fz_warn(_DRAWING)


def page_damage() -> str:
    """Returns what is damaged on the page that was drawn since `forget`, in one line; mostly empty."""
    warnings = _warnings()
    drawing = warnings.index(_DRAWING) if _DRAWING in warnings else len(warnings)
    messages = _messages(warnings[drawing:])
    if any(line.startswith(_FONT) for line in warnings):
        messages.append("an embedded font cannot be used")
    return _text(messages)


def document_damage() -> str:
    """Returns what MuPDF reported about damage since `forget`, while it opened a document; mostly empty."""
    return _text(_messages(_warnings()))


def _warnings() -> list[str]:
    import pymupdf

    return printable(pymupdf.TOOLS.mupdf_warnings(reset=False)).split("\n")  # they quote bytes of damaged files


def _messages(warnings: list[str]) -> list[str]:
    """Returns the different warnings that tell of damage, in their order."""
    found = [line for line in warnings if _DAMAGE.match(line) and not _HARMLESS.search(line)]
    messages = [_NOISE.sub("", line) for line in found if line != _GENERAL]
    return list(dict.fromkeys(messages or found))


def _text(messages: list[str]) -> str:
    return DAMAGED + "; ".join(messages[:MAX_MESSAGES]) if messages else ""
