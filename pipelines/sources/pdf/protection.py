"""Documents that are protected by something other than a password: certificates and rights management."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

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

    mupdf = pymupdf.mupdf
    pdf = mupdf.pdf_document_from_fz_document(document.this)
    if mupdf.pdf_is_null(mupdf.pdf_dict_getp(mupdf.pdf_trailer(pdf), "Root/Names/EmbeddedFiles")):
        return ""
    files = mupdf.pdf_load_name_tree(pdf, mupdf.pdf_new_name("EmbeddedFiles"))
    for i in range(mupdf.pdf_dict_len(files)):
        file = mupdf.pdf_dict_get_val(files, i)
        if mupdf.pdf_to_name(mupdf.pdf_dict_gets(file, "AFRelationship")) == "EncryptedPayload":
            handler = mupdf.pdf_to_name(mupdf.pdf_dict_getp(file, "EP/Subtype")) or "an unknown handler"
            return f"protected by {handler}, not by a password: the document is an embedded file"
    return ""
