"""Documents that are protected by something other than a password: certificates and rights management."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pymupdf

# What MuPDF says when it opens the document. It knows the handler /Standard, which is the one with passwords.
_UNKNOWN_HANDLER = re.compile(r"unknown encryption handler: '(?P<name>[^']*)'")
_UNKNOWN_STANDARD = re.compile(r"(?P<reason>unknown (?:encryption version|encryption method|crypt revision).*)")


def protection_in(reason: str) -> str:
    """Returns how a document is protected if MuPDF cannot open it for that reason, else an empty string.

    Args:
        reason: the error of MuPDF.
    """
    if found := _UNKNOWN_HANDLER.search(reason):
        return f"protected by {found['name']}, not by a password"
    if found := _UNKNOWN_STANDARD.search(reason):
        return f"protected by an unknown form of Standard ({found['reason']})"
    return ""


def protection_of(document: pymupdf.Document) -> str:
    """Returns how the content of an open document is protected, or an empty string if it can be read.

    A wrapper (ISO 32000-2, 7.6.7) is a readable document that only holds the protected one as an embedded file, and a
    page that says so. Microsoft's rights management writes such files.
    """
    import pymupdf

    pdf = pymupdf.mupdf.pdf_document_from_fz_document(document.this)
    try:
        handlers = _payload_handlers(pdf)
    except pymupdf.mupdf.FzErrorBase:  # the list of embedded files is damaged; the pages may be sound
        return ""
    if not handlers:
        return ""
    return f"protected by {handlers[0] or 'an unknown handler'}, not by a password: the document is an embedded file"


def _payload_handlers(pdf: Any) -> list[str]:
    """Returns the names of the handlers of the embedded files that are encrypted documents."""
    from pymupdf import mupdf

    if mupdf.pdf_is_null(mupdf.pdf_dict_getp(mupdf.pdf_trailer(pdf), "Root/Names/EmbeddedFiles")):
        return []
    tree = mupdf.pdf_load_name_tree(pdf, mupdf.pdf_new_name("EmbeddedFiles"))
    files = [mupdf.pdf_dict_get_val(tree, i) for i in range(mupdf.pdf_dict_len(tree))]
    return [
        mupdf.pdf_to_name(mupdf.pdf_dict_getp(file, "EP/Subtype"))
        for file in files
        if mupdf.pdf_to_name(mupdf.pdf_dict_gets(file, "AFRelationship")) == "EncryptedPayload"
    ]
