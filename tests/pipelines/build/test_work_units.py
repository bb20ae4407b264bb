"""The plan of a corpus, and the division of its pages into shards."""

from __future__ import annotations

import io
from collections import Counter

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipelines.build.inspection import DocumentFacts
from pipelines.build.work_units import RANGE_PAGES, document_row, plan_table, read_unit, work_units
from schemas import PLAN_SCHEMA, PageStatus


def table(facts):
    return pa.Table.from_pylist([document_row(fact) for fact in facts], PLAN_SCHEMA)


def documents(page_counts):
    return table(
        DocumentFacts(f"doc-{i}.pdf", f"{i:064x}", pages, 1000, PageStatus.OK, "")
        for i, pages in enumerate(page_counts)
    )


@given(st.lists(st.integers(1, 200), min_size=1, max_size=40), st.integers(1, 300))
def test_every_page_of_every_document_is_in_exactly_one_unit(page_counts, pages_per_shard):
    units = work_units(plan_table(documents(page_counts)), pages_per_shard)
    pages = Counter((r.uri, page) for unit in units for r in unit.ranges for page in range(r.first, r.last + 1))
    expected = {(f"doc-{i}.pdf", page) for i, count in enumerate(page_counts) for page in range(1, count + 1)}
    assert set(pages) == expected
    assert set(pages.values()) == {1}


@given(st.lists(st.integers(1, 200), min_size=1, max_size=40), st.integers(50, 300))
def test_units_differ_in_size_by_at_most_two_ranges(page_counts, pages_per_shard):
    sizes = [unit.pages for unit in work_units(plan_table(documents(page_counts)), pages_per_shard)]
    assert max(sizes) - min(sizes) <= 2 * RANGE_PAGES


@given(st.permutations(list(range(12))))
def test_the_plan_does_not_depend_on_the_order_in_which_documents_are_inspected(order):
    rows = documents([3, 40, 1, 7, 90, 2, 2, 5, 8, 13, 21, 34])
    plan = plan_table(rows)
    shuffled = plan_table(rows.take(order))
    assert shuffled.equals(plan)
    assert list(work_units(shuffled, 50)) == list(work_units(plan, 50))


def test_a_shard_mixes_pages_from_the_whole_input():
    units = work_units(plan_table(documents([4] * 100)), 100)
    first_hundred = {f"doc-{i}.pdf" for i in range(25)}
    assert len({r.uri for r in units[0].ranges} & first_hundred) < 20


def test_of_equal_documents_the_first_by_name_is_built_and_the_others_are_recorded():
    rows = table(DocumentFacts(name, "f" * 64, 2, 10, PageStatus.OK, "") for name in ("b.pdf", "a.pdf"))
    plan = plan_table(rows).to_pylist()
    assert [(row["uri"], row["status"]) for row in plan] == [("a.pdf", "ok"), ("b.pdf", "duplicate")]
    assert plan[1]["detail"] == "same bytes as a.pdf"
    assert [r.uri for unit in work_units(plan_table(rows), 10) for r in unit.ranges] == ["a.pdf"]


def test_documents_that_cannot_be_read_are_never_duplicates_of_each_other():
    rows = table(DocumentFacts(name, "", 0, 0, PageStatus.CORRUPT, "cannot be read") for name in ("a.pdf", "b.pdf"))
    assert plan_table(rows)["status"].to_pylist() == ["corrupt", "corrupt"]


def test_a_plan_without_usable_documents_has_no_units():
    plan = plan_table(table([DocumentFacts("a.pdf", "0" * 64, 0, 9, PageStatus.NOT_PDF, "html")]))
    assert list(work_units(plan, 10)) == []
    assert plan.schema == PLAN_SCHEMA


def test_a_worker_reads_each_unit_as_it_was_written():
    units = work_units(plan_table(documents([40, 2, 7, 100])), 30)
    file = io.BytesIO()
    units.write(file)
    assert [read_unit(file, name) for name in units.names] == list(units)
    assert [unit.pages for unit in units] == units.pages.tolist()
