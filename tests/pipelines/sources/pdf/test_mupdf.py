"""Inspection of PDFs, rendering, and the text layer."""

from __future__ import annotations

import hashlib
import itertools

import numpy as np
import pymupdf
import pytest

from pipelines.build.inspection import DocumentTask, inspect_document
from pipelines.page.reading import PageError
from pipelines.sources.pdf.mupdf import load_page, open_document, render, turned
from pipelines.sources.pdf.text.text_layer import TextLayer
from schemas import PageStatus
from tests.support.hostile import one_page, write_hostile


def words_of(page):
    return [found.word for found in TextLayer(page).words()]


@pytest.fixture
def letter(tmp_path):
    path = tmp_path / "letter.pdf"
    path.write_bytes(one_page("Dear reader of pages"))
    return path


def test_inspection_counts_pages_and_hashes_bytes(letter):
    facts = inspect_document(DocumentTask(letter, "gs://bucket/letter.pdf"))
    assert (facts.uri, facts.pages, facts.status) == ("gs://bucket/letter.pdf", 1, PageStatus.OK)
    assert facts.sha256 == hashlib.sha256(letter.read_bytes()).hexdigest()
    assert facts.bytes == letter.stat().st_size


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("truncated.pdf", PageStatus.CORRUPT),
        ("random.pdf", PageStatus.NOT_PDF),
        ("page.html.pdf", PageStatus.NOT_PDF),
        ("empty.pdf", PageStatus.EMPTY),
        ("password.pdf", PageStatus.ENCRYPTED),
        ("zero-pages.pdf", PageStatus.EMPTY),
        ("poster.pdf", PageStatus.OK),
        ("blank.pdf", PageStatus.OK),
    ],
)
def test_inspection_finds_the_status_of_a_file(tmp_path, name, status):
    write_hostile(tmp_path)
    facts = inspect_document(DocumentTask(tmp_path / name, name))
    assert facts.status is status
    assert (facts.detail == "") == (status is PageStatus.OK)


def test_the_detail_of_a_damaged_file_does_not_depend_on_the_path_of_its_copy(tmp_path):
    details = set()
    for place in (tmp_path / "here", tmp_path / "there"):
        write_hostile(place)
        details.add(inspect_document(DocumentTask(place / "truncated.pdf", "gs://bucket/truncated.pdf")).detail)
    assert details == {"cannot be opened: invalid key in dict"}


def test_a_page_larger_than_the_specification_allows_is_refused_before_it_is_rendered(tmp_path):
    write_hostile(tmp_path)
    with pytest.raises(PageError, match="43200 x 43200 pt") as refused:
        load_page(open_document(tmp_path / "poster.pdf"), 1)
    assert refused.value.status is PageStatus.TOO_LARGE


def test_a_damaged_page_is_corrupt_and_the_others_are_read(tmp_path):
    path = tmp_path / "nested.pdf"
    with pymupdf.open() as document:
        for _ in range(3):
            document.new_page().insert_text((72, 72), "Words")
        (contents,) = document[1].get_contents()
        document.update_stream(contents, b"q " * 100_000)
        document.save(path)
    document = open_document(path)
    assert [words_of(load_page(document, number))[0].text for number in (1, 3)] == ["Words", "Words"]
    with pytest.raises(PageError, match=r"cannot be rendered: .*nested graphics states") as damaged:
        render(load_page(document, 2), 72, 10, 4000)
    assert damaged.value.status is PageStatus.CORRUPT


def test_a_page_is_rendered_at_the_requested_resolution(letter):
    page = load_page(open_document(letter), 1)
    image = render(page, dpi=144, min_long_side_px=10, max_long_side_px=4000)
    assert image.shape == (1684, 1190, 3) and image.dtype == np.uint8


def test_small_pages_are_enlarged_and_the_size_of_large_pages_is_limited(letter):
    page = load_page(open_document(letter), 1)
    assert max(render(page, 10, 500, 4000).shape) == 500
    assert max(render(page, 600, 500, 1000).shape) == 1000


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_the_words_of_the_text_layer_match_the_ink_of_the_page_as_it_is_shown(tmp_path, rotation):
    path = tmp_path / "turned.pdf"
    with pymupdf.open(stream=one_page("Words"), filetype="pdf") as document:
        document[0].set_rotation(rotation)
        document.save(path)
    page = load_page(open_document(path), 1)
    image = render(page, 72, 10, 4000)
    (word,) = words_of(page)
    ys, xs = np.nonzero(image.min(axis=2) < 128)
    assert word.text == "Words"
    assert word.x0 - 1 <= xs.min() and xs.max() <= word.x1 + 1
    assert word.y0 - 1 <= ys.min() and ys.max() <= word.y1 + 1


def test_unicode_white_space_separates_words_too(tmp_path):
    path = tmp_path / "narrow.pdf"
    with pymupdf.open() as document:
        document.new_page().insert_htmlbox((50, 50, 400, 100), "Only\u202frate\u2003of\u00a0tax")
        document.save(path)
    words = words_of(load_page(open_document(path), 1))
    assert [word.text for word in words] == ["Only", "rate", "of", "tax"]
    assert all(left.x1 <= right.x0 for left, right in itertools.pairwise(words))


def test_a_page_is_turned_only_inside_the_block(letter):
    with open_document(letter) as document:
        page = load_page(document, 1)
        size = page.rect.width, page.rect.height
        with turned(page, 90):
            assert (page.rotation, page.rect.height, page.rect.width) == (90, *size)
        assert (page.rotation, page.rect.width, page.rect.height) == (0, *size)
