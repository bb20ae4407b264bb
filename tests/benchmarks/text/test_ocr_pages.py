"""The pages of the OCR benchmark: one from each document that has a suitable page."""

from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest

from benchmarks.text.ocr_pages import known_pages


def pdf(word: str, **saving: int | str) -> bytes:
    """Returns a PDF with a page of 300 words, saved with the given options of PyMuPDF."""
    with pymupdf.open() as document:
        page = document.new_page()
        for row in range(30):
            page.insert_text((50, 60 + 20 * row), f"{word} " * 10)
        return document.tobytes(**saving)


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "damaged",
    [
        pytest.param(pdf("lost").replace(b"/Kids", b"/Kidz"), id="a page tree without pages"),
        pytest.param(pdf("lost", encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="secret"), id="a password"),
        pytest.param(b"%PDF-1.7\nno more than this", id="no objects"),
    ],
)
def test_a_damaged_document_is_passed_over(tmp_path, damaged):
    paths = [written(tmp_path, "damaged.pdf", damaged), written(tmp_path, "sound.pdf", pdf("kept"))]
    assert [page.name for page in known_pages(paths, 2)] == ["sound.pdf p. 1"]
