"""Notices of XFA forms and covers of portfolios get a status of their own; real pages of such documents are read."""

from __future__ import annotations

import pymupdf
import pytest

from schemas import PageStatus

WAIT = (
    "Please wait... If this message is not eventually replaced by the proper contents of the document, your PDF viewer "
    "may not be able to display this type of document."
)
WAIT_IN_GERMAN = "Bitte warten... Wenn diese Meldung nicht durch den Inhalt des Dokuments ersetzt wird"
COVER = "For the best experience, open this PDF portfolio in Acrobat X or Adobe Reader X, or later."
COVER_IN_GERMAN = "Optimale Ergebnisse erzielen Sie, wenn Sie dieses PDF-Portfolio in Acrobat X oder später öffnen."
REAL = "The harbour master received twelve vessels with salt and timber on the third of May. " * 4
NAMES = "This form is best filled in with Adobe Reader."
DYNAMIC = b"<config><acrobat><acrobat7><dynamicRender>required</dynamicRender></acrobat7></acrobat></config>"
STATIC = b"<config><acrobat><acrobat7><dynamicRender>forbidden</dynamicRender></acrobat7></acrobat></config>"


def document_with(*texts: str) -> pymupdf.Document:
    document = pymupdf.open()
    for text in texts:
        document.new_page().insert_textbox((50, 50, 500, 700), text)
    return document


def xfa(*texts: str, template: bytes = STATIC, fields: bool = False, needs_rendering: bool = False) -> bytes:
    """A form; `fields` puts a text field on its first page."""
    with document_with(*texts) as document:
        if fields:
            field = pymupdf.Widget()
            field.field_name, field.field_type = "name", pymupdf.PDF_WIDGET_TYPE_TEXT
            field.rect = pymupdf.Rect(50, 700, 300, 720)
            document[0].add_widget(field)
        packet, catalog = document.get_new_xref(), document.pdf_catalog()
        document.update_object(packet, "<<>>")
        document.update_stream(packet, template)
        if not fields:
            document.xref_set_key(catalog, "AcroForm", "<< /Fields [] >>")
        kind, form = document.xref_get_key(catalog, "AcroForm")
        owner, key = (int(form.split()[0]), "XFA") if kind == "xref" else (catalog, "AcroForm/XFA")
        document.xref_set_key(owner, key, f"[(config) {packet} 0 R]")
        if needs_rendering:
            document.xref_set_key(catalog, "NeedsRendering", "true")
        return document.tobytes()


def with_drawing(pdf: bytes, image: bool = False) -> bytes:
    """The document with a ruled box, or an image, on its first page."""
    with pymupdf.open(stream=pdf) as document:
        box = pymupdf.Rect(50, 300, 400, 400)
        if image:
            pixels = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.IRect(0, 0, 8, 8))
            pixels.clear_with(90)
            document[0].insert_image(box, pixmap=pixels)
        else:
            document[0].draw_rect(box)
        return document.tobytes()


def portfolio(*texts: str, files: int = 2) -> bytes:
    with document_with(*texts) as document:
        for number in range(files):
            document.embfile_add(f"{number}.txt", b"words")
        document.xref_set_key(document.pdf_catalog(), "Collection", "<< /Type /Collection /View /D >>")
        return document.tobytes()


@pytest.mark.parametrize(
    "pdf",
    [
        pytest.param(xfa(WAIT, needs_rendering=True), id="it says that it needs rendering"),
        pytest.param(xfa(WAIT_IN_GERMAN, needs_rendering=True), id="in another language"),
        pytest.param(xfa(WAIT_IN_GERMAN, template=DYNAMIC), id="its template must be rendered"),
        pytest.param(xfa(WAIT), id="without fields"),
        pytest.param(xfa("", template=DYNAMIC), id="without a notice"),
        pytest.param(with_drawing(xfa(WAIT)), id="in a box, without fields"),
        pytest.param(with_drawing(xfa(WAIT_IN_GERMAN, template=DYNAMIC)), id="in a box, in another language"),
    ],
)
def test_the_notice_of_a_dynamic_form_is_a_placeholder(page_of, pdf):
    built = page_of(pdf)
    assert built.status is PageStatus.PLACEHOLDER
    assert built.detail == "XFA form: the page only asks for another viewer, the form is not in it"


@pytest.mark.parametrize("text", [COVER, COVER_IN_GERMAN])
def test_the_cover_of_a_portfolio_is_a_placeholder(page_of, text):
    built = page_of(portfolio(text))
    assert built.status is PageStatus.PLACEHOLDER
    assert built.detail == "PDF portfolio: the page is its cover, the embedded files are not read"


@pytest.mark.parametrize(
    ("pdf", "number"),
    [
        pytest.param(xfa(REAL, fields=True), 1, id="form with fields on its page"),
        pytest.param(xfa(REAL, fields=True, needs_rendering=True), 1, id="dynamic form with fields on its page"),
        pytest.param(xfa(REAL), 1, id="form without fields whose page has text"),
        pytest.param(with_drawing(xfa(REAL + NAMES)), 1, id="static form that names a viewer, with lines"),
        pytest.param(
            with_drawing(xfa(REAL + NAMES), image=True), 1, id="static form that names a viewer, with an image"
        ),
        pytest.param(xfa(REAL * 5, template=DYNAMIC), 1, id="dynamic form with more text than a notice"),
        pytest.param(xfa(WAIT, REAL, template=DYNAMIC), 2, id="page after the notice"),
        pytest.param(portfolio(REAL), 1, id="collection with a real page"),
        pytest.param(portfolio(COVER, REAL), 2, id="page after the cover"),
        pytest.param(portfolio(COVER, files=0), 1, id="collection without files"),
    ],
)
def test_real_pages_of_such_documents_are_read(page_of, pdf, number):
    built = page_of(pdf, number)
    assert (built.status, built.detail) == (PageStatus.OK, "")


@pytest.mark.parametrize("text", [WAIT, COVER])
def test_the_text_alone_makes_no_placeholder(page_of, text):
    with document_with(text) as document:
        assert page_of(document.tobytes()).status is PageStatus.OK
