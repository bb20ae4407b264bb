"""How `--input` becomes a list of documents."""

from __future__ import annotations

import os

import pytest

from pipelines.build.discover import discover
from schemas import UsageError


@pytest.fixture
def bucket(tmp_path):
    for name in ("a.pdf", "deep/er/b.PDF", "deep/c.pdf", "deep/notes.doc", "odd [name] *.pdf"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def names(found, root):
    return [os.path.relpath(uri, root) for uri in found]


def test_all_pdfs_below_a_directory_are_found(bucket):
    found = discover((str(bucket),))
    assert names(found, bucket) == ["a.pdf", "deep/c.pdf", "deep/er/b.PDF", "odd [name] *.pdf"]


def test_a_pattern_matches_any_suffix_and_two_stars_cross_directories(bucket):
    assert names(discover((f"{bucket}/*.pdf",)), bucket) == ["a.pdf", "odd [name] *.pdf"]
    assert "deep/notes.doc" in names(discover((f"{bucket}/**",)), bucket)


@pytest.mark.parametrize("suffix", ["pdf", "PDF", "Pdf", "[p]df", "pd?"])
def test_the_suffix_of_a_pattern_matches_in_any_case(tmp_path, suffix):
    files = ("a.pdf", "b.PDF", "c.Pdf", "d.pdf.txt", "e.epdf", "x/f.PDF", "x/y/g.pDF", "x/y/h.pdf")
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = names(discover((f"{tmp_path}/**/*.{suffix}",)), tmp_path)
    in_any_case = ["a.pdf", "b.PDF", "c.Pdf", "x/f.PDF", "x/y/g.pDF", "x/y/h.pdf"]
    assert found == (in_any_case if suffix.isalpha() else ["a.pdf", "x/y/h.pdf"])


@pytest.mark.parametrize(("pattern", "found"), [("*.pdf", ["a.PDF"]), ("**/*.pdf", ["a.PDF", "x/b.pdf"])])
def test_a_pattern_without_a_directory_is_searched_in_the_current_one(tmp_path, monkeypatch, pattern, found):
    (tmp_path / "x").mkdir()
    for name in ("a.PDF", "x/b.pdf"):
        (tmp_path / name).write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    assert names(discover((pattern,)), tmp_path) == found


def test_the_rest_of_a_pattern_distinguishes_upper_and_lower_case(tmp_path):
    for name in ("scan-1.pdf", "Scan-2.pdf", "x/scan-3.PDF", "X/scan-4.pdf", "odd[scan-5.PDF"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert names(discover((f"{tmp_path}/scan-*.PDF",)), tmp_path) == ["scan-1.pdf"]
    assert names(discover((f"{tmp_path}/x*/scan-3.pdf",)), tmp_path) == ["x/scan-3.PDF"]
    assert names(discover((f"{tmp_path}/*[scan-5.PDF",)), tmp_path) == ["odd[scan-5.PDF"]


def test_two_stars_between_slashes_match_no_directory_too(bucket):
    assert names(discover((f"{bucket}/**/c.pdf",)), bucket) == ["deep/c.pdf"]
    assert names(discover((f"{bucket}/deep/**/c.pdf",)), bucket) == ["deep/c.pdf"]
    assert names(discover((f"{bucket}/**/b.pdf",)), bucket) == ["deep/er/b.PDF"]


def test_the_name_of_an_existing_file_with_brackets_and_stars_is_not_a_pattern(bucket):
    assert names(discover((f"{bucket}/odd [name] *.pdf",)), bucket) == ["odd [name] *.pdf"]


def test_bytes_of_a_name_that_are_not_utf_8_are_escaped(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.pdf")).write_bytes(b"x")
    assert names(discover((str(tmp_path),)), tmp_path) == ["caf\\xe9.pdf"]


def test_overlapping_inputs_return_each_document_once(bucket):
    assert len(discover((str(bucket), f"{bucket}/*.pdf", f"{bucket}/a.pdf"))) == 4


def test_a_text_file_lists_one_input_per_line(bucket):
    listing = bucket / "list.txt"
    listing.write_text(f"{bucket}/a.pdf\n\n{bucket}/deep\n")
    assert names(discover((str(listing),)), bucket) == ["a.pdf", "deep/c.pdf", "deep/er/b.PDF"]


def test_lines_of_a_list_end_only_at_line_feeds(bucket):
    odd = ["form\x0cfeed.pdf", "line\u2028separator.pdf", "next\x85line.pdf", "odd [name] *.pdf"]
    listing = bucket / "list.txt"
    listing.write_bytes("\r\n".join([*(f"{bucket}/{name}" for name in odd), " ", f"{bucket}/a.pdf\t"]).encode())
    assert names(discover((str(listing),)), bucket) == sorted([*odd, "a.pdf"])


def test_relative_paths_in_a_list_become_absolute(bucket, monkeypatch):
    (bucket / "list.txt").write_text("a.pdf\ndeep/er/../c.pdf\ndeep/e*/*\ngone.pdf\n")
    monkeypatch.chdir(bucket)
    expected = [f"{bucket}/{name}" for name in ("a.pdf", "deep/c.pdf", "deep/er/b.PDF", "gone.pdf")]
    assert discover(("list.txt",)) == expected


def test_documents_found_through_links_do_not_depend_on_the_order_on_disk(tmp_path):
    for name in "hcafbedg":
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.pdf").write_bytes(b"x")
        (tmp_path / name / "back").symlink_to(tmp_path / chr(ord(name) - 1), target_is_directory=True)
    assert names(discover((str(tmp_path),)), tmp_path) == [f"{name}/x.pdf" for name in "abcdefgh"]


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ("{root}/*.tiff", "no file matches"),
        ("{root}/missing.pdf", "no such file or directory"),
        ("{root}/deep/nothing", "no such file or directory"),
        ("{root}/bare", "\\*.pdf, .* below this directory"),
        ("{root}/missing.txt", "no such list"),
        ("{root}/empty.txt", "the list is empty"),
    ],
)
def test_an_input_without_documents_is_named_in_the_error(bucket, item, words):
    (bucket / "bare").mkdir()
    (bucket / "empty.txt").touch()
    item = item.format(root=bucket)
    with pytest.raises(UsageError, match=words) as refused:
        discover((str(bucket), item))
    assert item in str(refused.value)


def test_a_directory_is_searched_for_pdfs_images_page_files_and_table_files(tmp_path):
    documents = ["a.pages.jsonl", "b.PNG", "c.jpeg", "d.pdf", "e.tiff", "f.table.json"]
    for name in (*documents, "notes.jsonl", "truth.json"):
        (tmp_path / name).touch()
    assert names(discover((str(tmp_path),)), tmp_path) == documents
    assert names(discover((f"{tmp_path}/*.pages.jsonl",)), tmp_path) == ["a.pages.jsonl"]
