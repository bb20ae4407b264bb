"""Documents from the process that reads pages, also if it is killed or not needed any more."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil
import pytest

from schemas import FolioError
from tests.support.commands import LIMIT_S
from tests.support.hostile import endless, one_page
from tests.trainer.letters import write_pdf
from trainer.answering.documents import read_documents

FAST = ("--text_source", "pdf")  # loads no OCR engine


@pytest.fixture
def folder(tmp_path) -> Path:
    """A letter, and a document whose second page takes for ever."""
    import pymupdf

    (tmp_path / "a.pdf").write_bytes(one_page("Dear reader of letters"))
    with pymupdf.open(write_pdf(tmp_path / "b.pdf", 1)) as letter, pymupdf.open(stream=endless()) as other:
        letter.insert_pdf(other)
        letter.saveIncr()
    return tmp_path


def running() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def test_a_document_whose_reader_dies_is_not_handed_on(folder):
    before = running()
    documents = read_documents([str(folder)], "t5", flags=FAST)
    assert Path(next(documents).uri).name == "a.pdf"
    [reader] = [process for process in running() if process not in before and "read_pages" in str(process.cmdline())]
    reader.send_signal(signal.SIGSEGV)
    with pytest.raises(FolioError, match="ended with code -11"):
        list(documents)


def test_the_other_pages_of_a_document_are_handed_on_after_a_page_that_hangs(folder):
    documents = list(read_documents([str(folder)], "t5", flags=[*FAST, "--page_timeout_s=4"]))
    assert [(Path(document.uri).name, len(document.samples)) for document in documents] == [("a.pdf", 1), ("b.pdf", 1)]
    assert documents[1].failures == ["page 2: timeout (not done after 4 s (--page_timeout_s))"]


def test_a_reader_that_is_not_needed_any_more_is_ended_with_its_page_process(folder):
    before = running()
    documents = read_documents([str(folder)], "t5", flags=FAST)
    next(documents)
    started = [process for process in running() if process not in before]
    assert len(started) == 2
    documents.close()
    assert not psutil.wait_procs(started, timeout=LIMIT_S)[1]
