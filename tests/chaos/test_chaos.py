"""A short run of deliberate faults: real signals, real limits, a real full disk."""

from __future__ import annotations

from collections import Counter

import pyarrow.parquet as pq
import pytest

from tests.chaos.corpora import differences, document
from tests.chaos.run import Chaos
from tests.support.commands import LIMIT_S, run_module
from tests.support.disks import small_disk


@pytest.fixture(scope="module")
def chaos(tmp_path_factory):
    return Chaos(tmp_path_factory.mktemp("chaos"), seed=1, pages_per_shard=24)


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk", "300k") as disk:
        yield disk


def build_with_faults(directory, pages, faults, *limits):
    """Builds one document with faulty pages; returns the rows of its manifest."""
    (directory / "long.pdf").write_bytes(document(pages, "A long document", faults))
    small = ["--dpi", 20, "--image_long_side", 64, "--pages_per_shard", 500, "--workers", 2]
    done = run_module("tests.chaos.build", "--input", directory, "--output", directory / "out", *limits, *small)
    assert done.returncode == 0, done.stderr
    rows = pq.read_table(directory / "out" / "manifest.parquet").to_pylist()
    assert Counter(row["page"] for row in rows) == Counter(range(1, pages + 1))
    return rows


def test_only_the_faulty_pages_of_a_long_document_are_marked_as_failed(tmp_path):
    rows = build_with_faults(tmp_path, 1000, {1: "segfault", 333: "hang", 1000: "segfault"}, "--page_timeout_s", 20)
    lost = {row["page"]: (row["status"], row["detail"]) for row in rows if row["status"] != "ok"}
    assert {page: status for page, (status, _) in lost.items()} == {1: "crashed", 333: "timeout", 1000: "crashed"}
    assert lost[1][1] == "the page process died with signal 11, 2 times"


def test_only_the_page_that_uses_too_much_memory_is_marked_as_failed(tmp_path):
    # The time limit is long enough that even a busy machine reaches the memory limit first.
    rows = build_with_faults(tmp_path, 20, {7: "allocate"}, "--page_memory_mb", 700, "--page_timeout_s", 600)
    assert {row["page"]: row["status"] for row in rows if row["status"] != "ok"} == {7: "out_of_memory"}


@pytest.mark.parametrize(
    "kinds", [("page process", "page process", "launcher"), ("launcher, SIGTERM", "launcher, Ctrl-C")]
)
def test_an_interrupted_build_that_continues_gives_the_same_corpus(chaos, kinds):
    before = chaos.interrupted.total()
    assert chaos.case("interrupted by " + kinds[-1].replace(", ", " "), kinds) == []
    assert chaos.interrupted.total() > before


def test_a_build_continues_when_its_full_disk_has_space_again(chaos, disk):
    output = disk.path / "out"
    assert chaos.start(output).wait(LIMIT_S) == 1
    log = output.with_suffix(".log").read_text()
    assert "No space left on device" in log and "run the same command again" in log
    assert "Traceback" not in log
    assert not list((output / "work" / "tmp").glob("*"))
    disk.resize("64m")
    chaos.finish(output)
    assert differences(output, chaos.work / "reference") == []
