"""A document has a link if a browser can open it, and no file name can break out of the link."""

from __future__ import annotations

import pytest

from pipelines.report.links import document_link


def test_a_file_on_this_machine_is_linked_at_its_page(tmp_path):
    path = tmp_path / "a report #1 100%.pdf"
    path.write_bytes(b"")
    assert document_link(str(path), 3) == f"file://{tmp_path}/a%20report%20%231%20100%25.pdf#page=3"
    assert document_link(str(path)) == f"file://{tmp_path}/a%20report%20%231%20100%25.pdf"


def test_a_relative_path_becomes_an_absolute_link(tmp_path, monkeypatch):
    (tmp_path / "a.pdf").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    assert document_link("a.pdf", 1) == f"file://{tmp_path}/a.pdf#page=1"


@pytest.mark.parametrize("name", ["javascript:alert(1)", '"><img src=x>', "<script>"])
def test_a_hostile_name_of_an_existing_file_is_quoted(tmp_path, monkeypatch, name):
    (tmp_path / name).write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    link = document_link(name, 1)
    assert link.startswith(f"file://{tmp_path}/")
    assert not set("<>\"' ") & set(link)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_document_on_the_web_is_linked(scheme):
    uri = f"{scheme}://example.org/a b.pdf?v=1&w=%20"
    assert document_link(uri, 2) == f"{scheme}://example.org/a%20b.pdf?v=1&w=%20#page=2"


def test_an_address_cannot_end_the_attribute_that_contains_it():
    assert document_link('https://example.org/"><script>.pdf') == "https://example.org/%22%3E%3Cscript%3E.pdf"


@pytest.mark.parametrize(
    "uri",
    ["gs://bucket/a.pdf", "s3://bucket/a.pdf", "/gone/a.pdf", "javascript://%0aalert(1)", "a\x00b.pdf", "x" * 9000, ""],
)
def test_a_document_that_no_browser_can_open_has_no_link(uri):
    assert document_link(uri, 1) is None
