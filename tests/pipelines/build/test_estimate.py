"""`--dry_run`: the printed estimate matches the cost of the build."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.build.estimate import sample_pages
from pipelines.build.inspection import DocumentFacts
from pipelines.build.work_units import document_row, plan_table
from schemas import PLAN_SCHEMA, CorpusIndex, PageStatus
from tests.support.commands import build


@pytest.fixture(scope="module")
def dry_run(sample_documents, tmp_path_factory):
    """The flags of a build, and the log of a dry run whose sample is larger than the number of pages."""
    flags = ["--input", sample_documents / "*.pdf", "--output", tmp_path_factory.mktemp("dry") / "out"]
    flags += ["--text_source", "pdf", "--workers", 2]
    done = build(*flags, "--dry_run", "--sample", 1000, "--price_per_core_hour", 3600)
    assert done.returncode == 0, done.stderr
    return flags, done.stderr


def plan_of(facts):
    return plan_table(pa.Table.from_pylist([document_row(fact) for fact in facts], PLAN_SCHEMA))


def figure(log, unit):
    return float(re.search(rf"([\d.]+) {unit}", log)[1])


def test_a_dry_run_prints_pages_core_hours_size_time_and_price(dry_run):
    _, log = dry_run
    assert re.search(r"plan: 12 documents \(12 ok\), \d+ pages, 1 shard", log)
    assert re.search(r"\$[\d,.]+ at \$3600 per core-hour \(--price_per_core_hour\)", log)
    assert re.search(r"\d+s on this machine with --workers \d", log)
    assert figure(log, "CPU-seconds per page") > 0 and figure(log, "core-hours") > 0


def test_only_an_estimate_from_some_of_the_pages_has_an_interval(dry_run):
    flags, log = dry_run
    assert "measured on all pages (" in log and " to " not in log.partition("measured on all pages")[2]
    some = build(*flags, "--dry_run", "--sample", 8).stderr
    assert "estimate from 8 of " in some and re.search(r"\([\d.]+ to [\d.]+\) core-hours", some)


def test_the_price_follows_from_the_core_hours(dry_run):
    _, log = dry_run
    dollars = float(re.search(r"\$([\d.]+)", log)[1])
    assert dollars == pytest.approx(3600 * figure(log, "core-hours"), rel=0.02)


def test_a_dry_run_writes_no_page_and_the_build_continues_from_its_plan(dry_run):
    flags, log = dry_run
    assert {path.name for path in flags[3].iterdir()} == {"plan.parquet", "work"}
    done = build(*flags)
    assert done.returncode == 0 and "inspected" not in done.stderr, done.stderr
    assert figure(log, "GB") == pytest.approx(CorpusIndex.read(flags[3]).totals["bytes"] / 1e9, rel=0.01)


def test_a_dry_run_without_usable_pages_prints_no_estimate(tmp_path):
    (tmp_path / "page.pdf").write_bytes(b"<html>")
    done = build("--input", tmp_path, "--output", tmp_path / "out", "--text_source", "pdf", "--dry_run")
    assert done.returncode == 0 and "1 not_pdf" in done.stderr
    assert "core-hours" not in done.stderr


@given(st.lists(st.tuples(st.integers(1, 90), st.integers(1, 10**6)), min_size=1, max_size=30), st.integers(2, 60))
def test_a_sample_has_distinct_planned_pages_and_is_the_same_at_each_call(documents, count):
    facts = [
        DocumentFacts(f"{number:02d}.pdf", f"{number:064x}", pages, size, PageStatus.OK, "")
        for number, (pages, size) in enumerate(documents)
    ]
    plan = plan_of([*facts, DocumentFacts("x", "", 0, 0, PageStatus.EMPTY, "")])
    sample = sample_pages(plan, count, 0)
    every = {(f.uri, f.sha256, f.pages, page, page) for f in facts for page in range(1, f.pages + 1)}
    drawn = {(piece.uri, piece.doc_sha256, piece.pages, piece.first, piece.last) for piece in sample}
    assert drawn <= every
    assert len(drawn) == len(sample) == min(count, len(every))
    assert sample_pages(plan, count, 0) == sample


def test_light_and_heavy_documents_are_sampled_in_proportion_to_their_pages():
    facts = [DocumentFacts(f"light-{i}", f"{i:064x}", 3, 3000, PageStatus.OK, "") for i in range(200)]
    facts += [DocumentFacts(f"heavy-{i}", f"f{i:063x}", 1, 10**6, PageStatus.OK, "") for i in range(200)]
    sample = sample_pages(plan_of(facts), 40, 0)
    assert sum(piece.uri.startswith("heavy") for piece in sample) == 10
    assert {piece.first for piece in sample if piece.uri.startswith("light")} == {1, 2, 3}
