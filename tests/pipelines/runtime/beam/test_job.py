"""A job that fails ends with what its own code raised, whatever the runner makes of that."""

from __future__ import annotations

import pytest

from pipelines.runtime.beam.job import FileDoFn, run_chain
from pipelines.runtime.progress import Progress
from schemas import FolioError, PageStatus, SchemaError, UsageError


class Failing(FileDoFn):
    """Raises the error that it is given."""

    def __init__(self, error):
        self.output = "out"
        self.error = error

    def process(self, name):
        raise self.error


@pytest.mark.parametrize("kind", [FolioError, UsageError, SchemaError])
@pytest.mark.parametrize("uri", ["KeyboardInterrupt.pdf", "in/KeyboardInterrupt", "UsageError: of pens.pdf"])
def test_the_name_of_a_document_is_not_taken_for_the_kind_of_an_error(kind, uri):
    message = f"{uri} could not be fetched"
    with pytest.raises(FolioError) as caught:
        run_chain("build", ["name"], Failing(kind(message)), [], Progress("built", "pages", 1))
    assert type(caught.value) is kind
    assert str(caught.value) == message


class Counting(FileDoFn):
    """Counts every name as a page of status ok."""

    output = "out"

    def process(self, name):
        self.progress.update(PageStatus.OK)


def test_what_the_workers_of_this_process_count_reaches_the_progress_of_the_launcher():
    progress, other = Progress("built", "pages", 3), Progress("built", "pages", 3)
    run_chain("build", ["a", "b", "c"], Counting(), [], progress)
    assert (progress.counts, other.counts) == ({PageStatus.OK: 3}, {})


def test_an_interrupt_in_a_worker_is_an_interrupt():
    with pytest.raises(KeyboardInterrupt):
        run_chain("build", ["name"], Failing(KeyboardInterrupt()), [], Progress("built", "pages", 1))
