"""Another kind of document is one new file in `pipelines/sources`, and not one line changes elsewhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from schemas import Corpus
from tests.support.commands import LIMIT_S, ROOT
from tests.support.hostile import one_page

DICTIONARY_SOURCE = '''"""Pages from a JSON dictionary of words and boxes: no PDF, no OCR."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from pipelines.config import PageConfig
from pipelines.lines.words import RawWord
from pipelines.ocr.engine import OcrEngine
from pipelines.page.reading import EngineName, PageError, Reading
from pipelines.page.stopwatch import Stopwatch
from schemas import PageStatus


class DictionaryDocument:
    """`{"pages": [{"width": pixels, "height": pixels, "words": {text: [x0, y0, x1, y1]}}]}`."""

    detail = ""

    def __init__(self, pages: list[dict]) -> None:
        self._pages = pages
        self.pages = len(pages)

    def read(self, page: int, config: PageConfig, engine: OcrEngine | None, watch: Stopwatch) -> Reading:
        record = self._pages[page - 1]
        image = np.full((record["height"], record["width"], 3), 255, np.uint8)
        words = [RawWord(text, *box, 1.0) for text, box in record["words"].items()]
        name = EngineName("dictionary", "", "1")
        return Reading(image, words, record["width"] / 2, record["height"] / 2, "ocr", name)

    def close(self) -> None:
        pass


class DictionarySource:
    """Opens `*.words.json`."""

    suffixes = (".words.json",)

    def open(self, path: Path) -> DictionaryDocument:
        try:
            return DictionaryDocument(json.loads(path.read_bytes())["pages"])
        except (ValueError, KeyError) as error:
            raise PageError(PageStatus.CORRUPT, f"not a dictionary of words: {error!r}") from error


SOURCE = DictionarySource()
'''

PAGE = {
    "width": 400,
    "height": 600,
    "words": {"world": [160, 50, 220, 70], "hello": [40, 50, 100, 70], "below": [40, 100, 100, 120]},
}


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """The folder of a corpus that is built from dictionaries and a PDF, by a copy of Folio with one more file."""
    copy, inputs = tmp_path_factory.mktemp("folio"), tmp_path_factory.mktemp("documents")
    for package in ("schemas", "pipelines"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "pipelines" / "sources" / "dictionary.py").write_text(DICTIONARY_SOURCE)
    (inputs / "good.words.json").write_text(json.dumps({"pages": [PAGE, {**PAGE, "width": 500}]}))
    (inputs / "damaged.words.json").write_text('{"pages": ')
    (inputs / "letter.pdf").write_bytes(one_page("Dear reader of pages"))
    flags = ["--input", inputs, "--output", copy / "out", "--text_source", "pdf", "--workers", "1"]
    for command in (["build_corpus", *flags], ["verify", copy / "out"]):
        done = _run(copy, *command)
        assert done.returncode == 0, done.stderr + done.stdout
    return copy / "out"


def _run(folio: Path, command: str, *args: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"pipelines.{command}", *map(str, args)],
        cwd=folio,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def test_its_pages_become_samples_in_reading_order(built):
    pages = [page for page in _pages(built) if page.ocr_engine == "dictionary"]
    assert [(page.page, page.pages, page.width_pt) for page in pages] == [(1, 2, 200.0), (2, 2, 250.0)]
    assert [(word.text, word.line) for word in pages[0].words] == [("hello", 0), ("world", 0), ("below", 1)]
    assert pages[0].words[0].box == (100, 83, 250, 117)


def test_a_directory_is_searched_for_its_documents_and_for_pdfs(built):
    assert {Path(page.uri).name for page in _pages(built)} == {"good.words.json", "letter.pdf"}


def test_a_damaged_document_of_its_kind_is_recorded(built):
    assert Corpus(built).index.totals["status"] == {"corrupt": 1, "ok": 3}


def _pages(built: Path) -> list:
    corpus = Corpus(built)
    return sorted((corpus[number].page() for number in range(len(corpus))), key=lambda page: (page.uri, page.page))
