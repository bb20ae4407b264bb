"""The plan of a corpus: which of the documents are built, and what happens to those that are found later."""

from __future__ import annotations

import hashlib

import pyarrow.parquet as pq

from tests.support.commands import build
from tests.support.hostile import one_page


def manifest_of(output):
    return pq.read_table(output / "manifest.parquet").to_pylist()


def test_documents_with_the_same_bytes_are_built_once(tmp_path):
    for name in ("a/letter.pdf", "b/letter.pdf", "b/c/copy of letter.pdf"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(one_page("Please pay within thirty days"))
    inputs = [tmp_path / "b", tmp_path / "a"]
    done = build("--input", *inputs, "--output", tmp_path / "out", "--text_source", "pdf")
    assert done.returncode == 0, done.stderr
    rows = {row["uri"]: row for row in manifest_of(tmp_path / "out")}
    first = str(tmp_path / "a/letter.pdf")
    assert [row["status"] for row in rows.values()] == ["ok", "duplicate", "duplicate"]
    assert rows[first]["status"] == "ok"
    assert {row["detail"] for row in rows.values()} == {"", f"same bytes as {first}"}


def test_documents_in_a_list_of_hashes_are_left_out_whatever_their_names(tmp_path):
    for name in ("kept.pdf", "scored.pdf"):
        (tmp_path / name).write_bytes(one_page(f"Words of {name}"))
    (tmp_path / "copy.pdf").write_bytes((tmp_path / "scored.pdf").read_bytes())
    digest = hashlib.sha256((tmp_path / "scored.pdf").read_bytes()).hexdigest()
    (tmp_path / "list").write_text(f"{digest}  ./other/name.pdf\n")
    flags = ["--input", tmp_path, "--output", tmp_path / "out", "--text_source", "pdf"]
    done = build(*flags, "--exclude", tmp_path / "list")
    assert done.returncode == 0, done.stderr
    statuses = {row["uri"].rpartition("/")[2]: row["status"] for row in manifest_of(tmp_path / "out")}
    assert statuses == {"copy.pdf": "excluded", "kept.pdf": "ok", "scored.pdf": "excluded"}
    assert build(*flags).returncode == 2, "a corpus does not change its settings"


def test_documents_added_after_the_plan_are_reported_with_advice(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.pdf").write_bytes(one_page("Some words"))
    flags = ["--input", tmp_path / "in", "--output", tmp_path / "out", "--text_source", "pdf"]
    assert "not in the plan" not in build(*flags).stderr
    for name in "bc":
        (tmp_path / "in" / f"{name}.pdf").write_bytes(one_page(f"Other words, {name}"))
    again = build(*flags)
    assert again.returncode == 0
    assert f"2 documents of the input are not in the plan, for example {tmp_path}/in/b.pdf. Build them" in again.stderr
    assert "into another --output, and join both with pipelines.merge" in again.stderr
    for path in (tmp_path / "in").iterdir():
        path.unlink()
    gone = build(*flags)
    assert gone.returncode == 0 and "*.webp below this directory." in gone.stderr
