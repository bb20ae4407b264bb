"""Inputs that change, disappear or fail in large numbers, and runs that are stopped by a signal."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import psutil
import pyarrow.parquet as pq
import pytest

from tests.support.commands import LIMIT_S, ROOT, build, start
from tests.support.hostile import one_page

PDF = ("--text_source", "pdf")

# The real command. After the plan is made, it sends itself a signal while Python runs the callback of a weak reference.
SIGNALLED = """
import os, signal, sys, weakref
from pipelines import build_corpus
describe, number = build_corpus.describe, signal.Signals[sys.argv.pop(1)]
def describe_and_signal(*args):
    describe(*args)
    referent = set()
    reference = weakref.ref(referent, lambda _: os.kill(os.getpid(), number) or sum(range(100)))
    del referent
build_corpus.describe = describe_and_signal
sys.exit(build_corpus.main())
"""


def manifest_of(output):
    return pq.read_table(output / "manifest.parquet").to_pylist()


def folders_of(root):
    return list(root.glob("folio-*/*"))


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """The parent of the scratch directories of the command."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    return tmp_path / "tmp"


def test_a_document_that_changes_or_disappears_after_the_plan_is_recorded(tmp_path):
    for name in ("kept", "changed", "gone"):
        (tmp_path / f"{name}.pdf").write_bytes(one_page(f"Some words, {name}"))
    flags = ["--input", tmp_path, "--output", tmp_path / "out", *PDF]
    assert build(*flags, "--dry_run").returncode == 0
    (tmp_path / "changed.pdf").write_bytes(one_page("Other words"))
    (tmp_path / "gone.pdf").unlink()
    done = build(*flags)
    assert done.returncode == 0, done.stderr
    rows = {row["uri"].rpartition("/")[2]: row for row in manifest_of(tmp_path / "out")}
    assert {name: row["status"] for name, row in rows.items()} == {
        "kept.pdf": "ok",
        "changed.pdf": "changed",
        "gone.pdf": "unreadable",
    }
    assert "not those that were inspected" in rows["changed.pdf"]["detail"]
    assert "No such file" in rows["gone.pdf"]["detail"]


def test_documents_that_appear_before_the_plan_is_complete_are_not_lost(tmp_path):
    (tmp_path / "b.pdf").write_bytes(one_page("Some words"))
    flags = ["--input", tmp_path, "--output", tmp_path / "out", *PDF]
    assert build(*flags, "--dry_run").returncode == 0
    (tmp_path / "out" / "plan.parquet").unlink()
    (tmp_path / "a.pdf").write_bytes(one_page("Other words"))
    assert build(*flags).returncode == 0
    assert [row["uri"] for row in manifest_of(tmp_path / "out")] == [str(tmp_path / "a.pdf"), str(tmp_path / "b.pdf")]


def test_an_input_with_mostly_other_files_than_pdfs_stops_the_run_unless_allowed(tmp_path):
    for number in range(25):
        (tmp_path / f"{number}.pdf").write_text("404 Not Found")
    (tmp_path / "letter.pdf").write_bytes(one_page("Some words"))
    flags = ["--input", tmp_path, "--output", tmp_path / "out", *PDF]
    stopped = build(*flags)
    assert stopped.returncode == 1
    assert "25 of 26 documents failed (25 not_pdf), more than --max_failed_share 0.5 allows" in stopped.stderr
    assert not (tmp_path / "out" / "shards").exists()
    assert build(*flags, "--max_failed_share", 1).returncode == 0
    assert len(manifest_of(tmp_path / "out")) == 26


def test_a_build_in_which_most_pages_fail_exits_with_an_error(tmp_path):
    for number in range(25):
        (tmp_path / f"{number}.pdf").write_bytes(one_page(f"Poster {number}", width=43_200, height=43_200))
    (tmp_path / "letter.pdf").write_bytes(one_page("Some words"))
    done = build("--input", tmp_path, "--output", tmp_path / "out", *PDF)
    assert done.returncode == 1
    assert "25 of 26 pages failed (25 too_large), more than --max_failed_share 0.5 allows" in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_run_stopped_by_a_signal_says_how_to_continue_and_leaves_nothing_behind(tmp_path, scratch, number, code):
    with_pages = one_page("Some words to read")
    for page in range(300):
        (tmp_path / f"{page}.pdf").write_bytes(with_pages + b"%d" % page)
    process = start("pipelines.build_corpus", "--input", tmp_path, "--output", tmp_path / "out", *PDF, "--workers", 1)
    for line in process.stderr:
        if line.startswith("plan:"):
            break
    while not folders_of(scratch):
        time.sleep(0.01)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    _, rest = process.communicate(timeout=LIMIT_S)
    assert process.returncode == code
    assert rest.strip().splitlines()[-1] == "stopped; run the same command again to continue"
    assert "Traceback" not in rest
    assert folders_of(scratch) == []
    assert not psutil.wait_procs(children, timeout=LIMIT_S)[1]


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGINT", 130)])
def test_a_signal_stops_the_run_even_where_python_ignores_exceptions(tmp_path, name, code):
    for page in range(100):
        (tmp_path / f"{page}.pdf").write_bytes(one_page(f"Page {page}"))
    flags = ["--input", tmp_path, "--output", tmp_path / "out", *PDF, "--workers", "1"]
    done = subprocess.run(
        [sys.executable, "-c", SIGNALLED, name, *flags], cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S
    )
    assert done.returncode == code, done.stderr
    assert done.stderr.strip().splitlines()[-1] == "stopped; run the same command again to continue"
    assert "Exception ignored" not in done.stderr
