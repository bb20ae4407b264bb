"""Damaged pages: those on which nothing is left are `corrupt`, the others are read, and say what is damaged."""

from __future__ import annotations

import io
import random
import zlib

import pymupdf
import pytest
from PIL import Image, ImageDraw

from schemas import PageStatus
from tests.support.raw_pdf import raw_pdf, stream, text_operators

LINES = [f"Line {number}: the vessel entered the harbour with {number * 37} barrels" for number in range(40)]
FLATE = b"/Filter /FlateDecode"
IMAGE = b"/Resources << /Font << /F1 3 0 R >> /XObject << /Im 6 0 R >> >> /MediaBox [0 0 595 842]"
DRAW_IMAGE = b"q 595 0 0 842 0 0 cm /Im Do Q\n"


def damaged(data: bytes, at: float, count: int = 8) -> bytes:
    """`data` with `count` other bytes at the share `at` of its length."""
    changed, start, noise = bytearray(data), int(len(data) * at), random.Random(1)
    for i in range(start, min(len(data), start + count)):
        changed[i] ^= noise.randrange(1, 256)
    return bytes(changed)


def content(at: float) -> bytes:
    return raw_pdf({4: stream(damaged(zlib.compress(text_operators(LINES)), at), FLATE)})


def image(data: bytes, kind: bytes, bits: int = 8, caption: bytes = b"", pages: int = 1) -> bytes:
    entries = b"/Type /XObject /Subtype /Image /Width 1240 /Height 1754 /ColorSpace /DeviceGray "
    entries += b"/BitsPerComponent %d /Filter /%s" % (bits, kind)
    return raw_pdf({4: stream(DRAW_IMAGE + caption), 6: stream(data, entries)}, IMAGE, pages)


def scan(file_format: str, **options) -> bytes:
    picture = Image.new("L", (1240, 1754), 255)
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(LINES):
        pen.text((100, 60 + number * 40), line, fill=0)
    data = io.BytesIO()
    picture.save(data, file_format, **options)
    return data.getvalue()


NOISE = random.Random(4).randbytes(3000)
# The segment of a page of 1240 x 1754 pixels, and the start of its region, which says that it has 4096 bytes.
CUT_JBIG2 = bytes.fromhex(
    "00000000 30 00 01 00000013 000004d8 000006da 00000000 00000000 00 000000000001 26 00 01 00001000 000004d8 000006da"
)


@pytest.mark.parametrize(
    ("pdf", "words"),
    [
        pytest.param(content(0.02), "zlib error: ", id="content, from its start"),
        pytest.param(raw_pdf({4: stream(NOISE, FLATE)}), "zlib error: incorrect header check", id="content of noise"),
        pytest.param(raw_pdf({4: stream(NOISE)}), "syntax error in content", id="content of noise, not compressed"),
        pytest.param(raw_pdf({4: stream(b"\xf1~>", b"/Filter /ASCII85Decode")}), r"\xf1", id="a byte that is no text"),
        pytest.param(raw_pdf({}), "content stream is not a stream", id="no content"),
        pytest.param(raw_pdf({4: stream(b"\0" * 99, b"/Filter /NoDecode")}), "unknown filter", id="unknown filter"),
        pytest.param(raw_pdf({4: stream(DRAW_IMAGE)}), "cannot find XObject resource 'Im'", id="no image"),
        pytest.param(raw_pdf({4: stream(DRAW_IMAGE)}, IMAGE), "no XObject subtype", id="image object missing"),
        pytest.param(image(b"garbage", b"DCTDecode"), "jpeg error: ", id="JPEG"),
        pytest.param(
            image(b"garbage", b"DCTDecode", caption=text_operators(["A caption"])),
            "jpeg error: ",
            id="JPEG over a caption",
        ),
        pytest.param(image(scan("JPEG2000")[:9999], b"JPXDecode"), "openjpeg error: ", id="half of a JPEG 2000"),
        pytest.param(image(NOISE, b"JBIG2Decode", bits=1), "jbig2 image", id="JBIG2"),
        pytest.param(image(CUT_JBIG2, b"JBIG2Decode", bits=1), "the end of a JBIG2 image is missing", id="cut JBIG2"),
        pytest.param(image(NOISE, b"FlateDecode"), "zlib error: ", id="Flate image"),
        pytest.param(image(NOISE, b"LZWDecode"), "lzw decode", id="LZW image"),
        pytest.param(image(b"\x80", b"RunLengthDecode"), "padding truncated image", id="run length image"),
    ],
)
def test_a_page_on_which_nothing_is_left_is_corrupt(page_of, pdf, words):
    built = page_of(pdf)
    assert built.status is PageStatus.CORRUPT
    assert built.detail.startswith("nothing on it; damaged: ") and words in built.detail


@pytest.mark.parametrize("file_format", ["JPEG", "JPEG2000"])
def test_an_undamaged_scan_is_not_corrupt(page_of, file_format):
    kind = {"JPEG": b"DCTDecode", "JPEG2000": b"JPXDecode"}[file_format]
    assert page_of(image(scan(file_format), kind)).status is PageStatus.TOO_FEW_WORDS


def test_half_of_a_scan_without_text_is_corrupt(page_of):
    data = scan("JPEG")
    built = page_of(image(data[: len(data) // 2], b"DCTDecode"))
    assert built.status is PageStatus.CORRUPT
    assert built.detail == "0 words, --min_words is 1; damaged: premature end of file in jpeg"


def test_a_page_that_can_be_read_says_what_is_damaged(page_of):
    built = page_of(content(0.5))
    assert built.status is PageStatus.OK and built.detail.startswith("damaged: zlib error: ")
    assert 10 < len(built.page.words) < 40 * 10


def test_the_minimum_number_of_words_decides_whether_enough_is_left(page_of):
    assert page_of(content(0.5), min_words=10).status is PageStatus.OK
    built = page_of(content(0.5), min_words=400)
    assert built.status is PageStatus.CORRUPT
    assert "--min_words is 400; damaged: zlib error" in built.detail


@pytest.mark.parametrize("second", [None, b"<< /No /Stream >>", stream(NOISE, FLATE)])
def test_a_page_keeps_the_parts_of_its_content_that_can_be_read(page_of, second):
    parts = {4: stream(text_operators(LINES[:13])), 7: stream(text_operators(LINES[26:], top=400))}
    parts |= {} if second is None else {6: second}
    built = page_of(raw_pdf(parts, b"/MediaBox [0 0 595 842] /Contents [4 0 R 6 0 R 7 0 R]"))
    assert built.status is PageStatus.OK and built.detail.startswith("damaged: ")
    assert len(built.page.words) >= 13 * 10


def test_a_damaged_font_is_reported(page_of):
    with pymupdf.open() as document:
        page = document.new_page()
        page.insert_font("F0", fontbuffer=pymupdf.Font("cjk").buffer)
        page.insert_text((72, 100), "Words in a font", fontname="F0")
        for xref in range(1, document.xref_length()):
            kind, value = document.xref_get_key(xref, "FontFile3")
            kind, value = (kind, value) if kind == "xref" else document.xref_get_key(xref, "FontFile2")
            if kind == "xref":
                document.update_stream(int(value.split()[0]), b"garbage")
        pdf = document.tobytes()
    assert "damaged: an embedded font cannot be used" in page_of(pdf).detail


@pytest.mark.parametrize(
    "pdf",
    [
        pytest.param(image(scan("JPEG")[:20_000], b"DCTDecode", caption=text_operators(LINES), pages=3), id="image"),
        pytest.param(
            raw_pdf({4: stream(damaged(zlib.compress(text_operators(LINES)), 0.5), FLATE)}, pages=3), id="content"
        ),
    ],
)
def test_the_damage_of_a_page_does_not_depend_on_the_pages_before(page_of, pdf):
    alone = page_of(pdf, number=3)
    assert "damaged: " in alone.detail
    assert page_of(pdf, number=3, after=(1, 2, 3)) == alone


@pytest.mark.parametrize(
    "pdf",
    [
        pytest.param(raw_pdf({4: stream(b"q Q")}), id="content that draws nothing"),
        pytest.param(raw_pdf({4: stream(b"", FLATE)}), id="an empty stream that is said to be compressed"),
        pytest.param(raw_pdf({}, b"/MediaBox [0 0 595 842] /Contents null"), id="no content"),
    ],
)
def test_a_blank_page_without_damage_is_blank(page_of, pdf):
    built = page_of(pdf)
    assert (built.status, built.detail) == (PageStatus.BLANK, "nothing on it")


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param(b"/Annots [44 0 R]", id="an annotation that does not exist"),
        pytest.param(b"/Group << /S /Transparency /CS [/ICCBased 45 0 R] >>", id="a broken color profile"),
    ],
)
def test_faults_that_take_nothing_from_the_page_are_no_damage(page_of, entries):
    objects = {4: stream(text_operators(LINES)), 45: stream(b"garbage", b"/N 3")}
    built = page_of(raw_pdf(objects, b"/MediaBox [0 0 595 842] " + entries))
    assert (built.status, built.detail) == (PageStatus.OK, "")


def test_a_document_whose_page_tree_is_damaged_is_corrupt_and_not_empty(page_of):
    with pymupdf.open() as document:
        document.new_page().insert_text((72, 72), "Words")
        pdf = document.tobytes(use_objstms=1, deflate=True)
    start = pdf.index(b"stream\n", pdf.index(b"/ObjStm")) + len(b"stream\n")
    built = page_of(pdf[: start + 40] + bytes(4) + pdf[start + 44 :])
    assert built.status is PageStatus.CORRUPT
