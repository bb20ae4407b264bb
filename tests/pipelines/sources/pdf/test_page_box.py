"""Size and rotation of pages whose entries break the rules: as viewers show them."""

from __future__ import annotations

import numpy as np
import pymupdf
import pytest

from pipelines.sources.pdf.mupdf import load_page, render
from pipelines.sources.pdf.text.text_layer import TextLayer
from schemas import PageStatus
from tests.support.raw_pdf import raw_pdf, stream, text_operators

A4 = b"/MediaBox [0 0 595 842] "
LINES = ["Twelve vessels entered the harbour", "with salt and timber"]


def pdf(page: bytes, top: int = 700) -> bytes:
    return raw_pdf({4: stream(text_operators(LINES, top))}, page)


@pytest.mark.parametrize(
    ("entries", "size"),
    [
        pytest.param(A4 + b"/CropBox [0 0 0 0]", (595, 842), id="empty CropBox"),
        pytest.param(A4 + b"/CropBox [1000 1000 1500 1500]", (595, 842), id="CropBox outside"),
        pytest.param(A4 + b"/CropBox [595 0 900 842]", (595, 842), id="CropBox beside"),
        pytest.param(A4 + b"/CropBox /None", (595, 842), id="CropBox that is no box"),
        pytest.param(A4 + b"/CropBox [-100 400 300 2000]", (300, 442), id="CropBox partly outside"),
        pytest.param(A4 + b"/CropBox [300 800 0 500]", (300, 300), id="CropBox with reversed corners"),
        pytest.param(b"/MediaBox [595 842 0 0]", (595, 842), id="MediaBox with reversed corners"),
        pytest.param(b"", (612, 792), id="no MediaBox"),
        pytest.param(b"/MediaBox [0 0 0 0]", (612, 792), id="empty MediaBox"),
        pytest.param(b"/MediaBox [0 0 595]", (612, 792), id="MediaBox with three numbers"),
        pytest.param(b"/CropBox [0 600 400 792]", (400, 192), id="CropBox without MediaBox"),
    ],
)
@pytest.mark.parametrize("rotate", [0, 90])
def test_a_page_has_the_size_that_viewers_show(page_of, entries, size, rotate):
    page = page_of(pdf(entries + b" /Rotate %d" % rotate)).page  # its text makes it upright again
    assert (page.width_pt, page.height_pt) == size
    assert [word.text for word in page.words[:2]] == ["Twelve", "vessels"]


@pytest.mark.parametrize(
    ("rotate", "applied"),
    [
        *((b"45", 0), (b"91", 0), (b"135", 0), (b"-45", 0), (b"(abc)", 0), (b"/Ninety", 0), (b"[90]", 0)),
        *((b"90", 90), (b"90.0", 90), (b"450", 90), (b"-90", 270), (b"-270", 90), (b"720", 0), (b"180", 180)),
    ],
)
def test_a_rotation_counts_only_if_it_is_a_multiple_of_90(tmp_path, rotate, applied):
    with pymupdf.open(stream=pdf(A4 + b"/Rotate " + rotate), filetype="pdf") as document:
        page = load_page(document, 1)
        assert page.rotation == applied
        assert (page.rect.width, page.rect.height) == ((842, 595) if applied % 180 else (595, 842))


@pytest.mark.parametrize("rotate", [0, 45, 90, 270])
@pytest.mark.parametrize("box", [b"/CropBox [0 0 0 0]", b"/CropBox [-50 300 400 1000]", b"/UserUnit 3"])
def test_the_words_match_the_ink_of_the_page(rotate, box):
    with pymupdf.open(stream=pdf(A4 + box + b" /Rotate %d" % rotate), filetype="pdf") as document:
        page = load_page(document, 1)
        image = render(page, 72, 10, 842)
        boxes = np.array([found.word.box for found in TextLayer(page).words()])
        boxes *= image.shape[1] / page.rect.width
    ys, xs = np.nonzero(image.min(axis=2) < 128)
    assert boxes[:, 0].min() - 2 <= xs.min() and xs.max() <= boxes[:, 2].max() + 2
    assert boxes[:, 1].min() - 2 <= ys.min() and ys.max() <= boxes[:, 3].max() + 2


def test_a_large_plan_with_a_unit_is_built_with_its_size_in_points(page_of):
    built = page_of(pdf(b"/MediaBox [0 0 9000 6000] /UserUnit 2", top=5500))
    assert (built.status, built.detail) == (PageStatus.OK, "")
    assert (built.page.width_pt, built.page.height_pt) == (18_000, 12_000)
    assert (built.page.image_width, built.page.image_height) == (1024, 683)


@pytest.mark.parametrize(("unit", "size"), [(b"0.5", 421), (b"0", 842), (b"-2", 842), (b"/Two", 842), (b"1", 842)])
def test_a_unit_that_is_no_positive_number_is_ignored(page_of, unit, size):
    assert page_of(pdf(A4 + b"/UserUnit " + unit)).page.height_pt == size


def test_the_limit_of_a_page_counts_in_its_units(page_of):
    assert page_of(pdf(b"/MediaBox [0 0 14400 842] /UserUnit 10")).status is PageStatus.OK
    built = page_of(pdf(b"/MediaBox [0 0 14401 842] /UserUnit 2"))
    assert built.status is PageStatus.TOO_LARGE
    assert built.detail == "28802 x 1684 pt, the limit is 28800 pt"


def test_the_values_of_all_pages_are_used_when_a_page_has_none(page_of):
    inherited = pdf(b"").replace(b"/Type /Pages", b"/CropBox [0 0 0 0] /Type /Pages /MediaBox [0 0 400 842] /Rotate 45")
    page = page_of(inherited).page
    assert (page.width_pt, page.height_pt, page.rotation) == (400, 842, 0)


def test_a_page_is_the_same_when_it_is_read_again(page_of):
    document = pdf(b"/MediaBox [0 0 9000 6000] /UserUnit 2 /CropBox [0 0 0 0]", top=5500)
    assert page_of(document, after=(1, 1)) == page_of(document)
