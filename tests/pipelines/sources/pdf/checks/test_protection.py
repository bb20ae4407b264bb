"""Documents that are protected by something other than a password."""

from __future__ import annotations

import pymupdf
import pytest

from schemas import PageStatus
from tests.support.hostile import one_page
from tests.support.raw_pdf import raw_pdf, stream, text_operators

ID = b"/ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>]"


def protected(entries: bytes) -> bytes:
    trailer = b"/Encrypt << %s /V 4 /Length 128 >> %s" % (entries, ID)
    return raw_pdf({4: stream(b"\x8f\x1c" * 99)}, trailer=trailer)


@pytest.mark.parametrize("handler", ["Adobe.PubSec", "FOPN_fLock", "EBX_HANDLER", "SoftLock_DRM"])
@pytest.mark.parametrize("is_damaged", [False, True])
def test_a_document_of_an_unknown_handler_is_encrypted_and_names_it(page_of, handler, is_damaged):
    pdf = protected(b"/Filter /%s" % handler.encode())
    built = page_of(pdf.replace(b"startxref", b"start") if is_damaged else pdf)
    assert built.status is PageStatus.ENCRYPTED
    assert built.detail == f"protected by {handler}, not by a password"


def test_an_unknown_form_of_the_standard_handler_is_encrypted(page_of):
    passwords = b"/O <%s> /U <%s> /P -4" % (b"00" * 48, b"00" * 48)
    built = page_of(protected(b"/Filter /Standard /R 9 " + passwords))
    assert built.status is PageStatus.ENCRYPTED
    assert "Standard" in built.detail and "revision 9" in built.detail


@pytest.mark.parametrize("entries", [b"", b"/Filter /Standard", b"/Filter /Standard /R 4"])
def test_a_damaged_dictionary_is_corrupt_and_not_encrypted(page_of, entries):
    assert page_of(protected(entries)).status is PageStatus.CORRUPT


def test_passwords_are_told_apart(page_of):
    built = page_of(one_page("Secret", user_pw="secret", encryption=pymupdf.PDF_ENCRYPT_AES_256))
    assert (built.status, built.detail) == (PageStatus.ENCRYPTED, "opens with a password only")
    owner = page_of(one_page("No secret at all", owner_pw="owner", encryption=pymupdf.PDF_ENCRYPT_AES_256))
    assert owner.status is PageStatus.OK


def test_a_wrapper_around_a_protected_document_is_encrypted(page_of):
    catalog = b"/Names << /EmbeddedFiles << /Names [(secret.pdf) 8 0 R] >> >> /Collection << /View /H >>"
    objects = {
        4: stream(text_operators(["This document is protected.", "Open it in a viewer that knows how."])),
        8: b"<< /Type /Filespec /F (secret.pdf) /AFRelationship /EncryptedPayload /EF << /F 9 0 R >> "
        b"/EP << /Type /EncryptedPayload /Subtype /MicrosoftIRMServices >> >>",
        9: stream(b"\x8f\x1c" * 99),
    }
    built = page_of(raw_pdf(objects, catalog=catalog))
    assert built.status is PageStatus.ENCRYPTED
    assert built.detail == "protected by MicrosoftIRMServices, not by a password: the document is an embedded file"
    assert page_of(raw_pdf(objects, catalog=catalog.replace(b"[(secret.pdf) 8 0 R]", b"[]"))).status is PageStatus.OK
