"""A job that fails raises the error of its own code, whatever error the runner wraps it in."""

from __future__ import annotations

import pytest

from pipelines.runtime.beam.job import FileDoFn, run_chain
from pipelines.runtime.progress import Progress
from schemas import FolioError, PageStatus, SchemaError, UsageError


class Failing(FileDoFn):
    """Raises a given error for every name."""

    def __init__(self, error):
        self.output = "out"
        self.error = error

    def process(self, name):
        raise self.error


@pytest.mark.parametrize("kind", [FolioError, UsageError, SchemaError])
@pytest.mark.parametrize("uri", ["KeyboardInterrupt.pdf", "in/KeyboardInterrupt", "UsageError: of pens.pdf"])
def test_a_document_named_like_an_error_type_does_not_change_the_type_of_the_error(kind, uri):
    message = f"{uri} could not be fetched"
    with pytest.raises(FolioError) as caught:
        run_chain("build", ["name"], Failing(kind(message)), [], Progress("built", "pages", 1))
    assert type(caught.value) is kind
    assert str(caught.value) == message


class Counting(FileDoFn):
    """Counts every name as a page with status ok."""

    output = "out"

    def process(self, name):
        self.progress.update(PageStatus.OK)


def test_pages_counted_by_workers_in_this_process_reach_the_launchers_progress():
    progress, other = Progress("built", "pages", 3), Progress("built", "pages", 3)
    run_chain("build", ["a", "b", "c"], Counting(), [], progress)
    assert (progress.counts, other.counts) == ({PageStatus.OK: 3}, {})


def test_an_interrupt_in_a_worker_interrupts_the_launcher():
    with pytest.raises(KeyboardInterrupt):
        run_chain("build", ["name"], Failing(KeyboardInterrupt()), [], Progress("built", "pages", 1))
