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


def test_a_directory_means_all_pdfs_below_it(bucket):
    found = discover((str(bucket),))
    assert names(found, bucket) == ["a.pdf", "deep/c.pdf", "deep/er/b.PDF", "odd [name] *.pdf"]


def test_a_pattern_matches_files_of_any_ending_and_crosses_directories_with_two_stars(bucket):
    assert names(discover((f"{bucket}/*.pdf",)), bucket) == ["a.pdf", "odd [name] *.pdf"]
    assert "deep/notes.doc" in names(discover((f"{bucket}/**",)), bucket)


def test_a_name_with_brackets_and_stars_is_taken_as_it_is(bucket):
    assert names(discover((f"{bucket}/odd [name] *.pdf",)), bucket) == ["odd [name] *.pdf"]


def test_a_name_that_is_no_utf_8_is_spelt_out(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.pdf")).write_bytes(b"x")
    assert names(discover((str(tmp_path),)), tmp_path) == ["caf\\xe9.pdf"]


def test_inputs_that_overlap_give_each_document_once(bucket):
    assert len(discover((str(bucket), f"{bucket}/*.pdf", f"{bucket}/a.pdf"))) == 4


def test_a_text_file_lists_inputs_line_by_line(bucket):
    listing = bucket / "list.txt"
    listing.write_text(f"{bucket}/a.pdf\n\n{bucket}/deep\n")
    assert names(discover((str(listing),)), bucket) == ["a.pdf", "deep/c.pdf", "deep/er/b.PDF"]


def test_a_line_of_a_list_ends_at_a_line_feed_and_nowhere_else(bucket):
    odd = ["form\x0cfeed.pdf", "line\u2028separator.pdf", "next\x85line.pdf", "odd [name] *.pdf"]
    listing = bucket / "list.txt"
    listing.write_bytes("\r\n".join([*(f"{bucket}/{name}" for name in odd), " ", f"{bucket}/a.pdf\t"]).encode())
    assert names(discover((str(listing),)), bucket) == sorted([*odd, "a.pdf"])


def test_what_a_list_names_by_a_relative_path_is_found_by_its_absolute_one(bucket, monkeypatch):
    (bucket / "list.txt").write_text("a.pdf\ndeep/er/../c.pdf\ndeep/e*/*\ngone.pdf\n")
    monkeypatch.chdir(bucket)
    expected = [f"{bucket}/{name}" for name in ("a.pdf", "deep/c.pdf", "deep/er/b.PDF", "gone.pdf")]
    assert discover(("list.txt",)) == expected


def test_what_is_found_through_links_does_not_depend_on_the_order_in_which_a_disk_lists_them(tmp_path):
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
        ("{root}/bare", "no \\*.pdf below"),
        ("{root}/missing.txt", "no such list"),
        ("{root}/empty.txt", "the list is empty"),
    ],
)
def test_an_input_that_leads_nowhere_is_named(bucket, item, words):
    (bucket / "bare").mkdir()
    (bucket / "empty.txt").touch()
    item = item.format(root=bucket)
    with pytest.raises(UsageError, match=words) as refused:
        discover((str(bucket), item))
    assert item in str(refused.value)
