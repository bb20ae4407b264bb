"""Builds from `gs://` to `gs://` with an emulator of Google's object store."""

from __future__ import annotations

import re
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from pipelines.build.discover import discover
from pipelines.build.flags import parse_flags
from pipelines.build_corpus import build_corpus
from schemas import UsageError
from tests.chaos.corpora import differences
from tests.clusters import google
from tests.clusters.builds import run, start, wait_until
from tests.support.commands import LIMIT_S, ROOT, run_module

INPUT = f"gs://{google.BUCKET}/documents/"


def test_a_build_in_a_bucket_gives_the_same_rows_as_one_on_disk(bucket, corpus_in_bucket, reference, tmp_path):
    columns = ["key", "page", "pages", "status", "shard", "words", "lines", "tokens", "image_width", "image_height"]
    tables = [pq.read_table(top / "manifest.parquet", columns=columns) for top in (corpus_in_bucket, reference)]
    assert tables[0].num_rows == tables[1].num_rows
    assert tables[0].sort_by([("key", "ascending")]).equals(tables[1].sort_by([("key", "ascending")]))
    tars = [sorted(path.name for path in top.glob("shards/*.tar")) for top in (corpus_in_bucket, reference)]
    assert tars[0] == tars[1]
    assert bucket.names("plain/work/") == []


def test_a_pattern_finds_suffixes_in_any_case_in_a_bucket(bucket, google_here):
    files = ["letters/a.pdf", "letters/b.PDF", "letters/c.txt", "letters/x/d.Pdf", "letters/x/y/e.pdf"]
    for name in files:
        bucket.bucket.blob(name).upload_from_string(b"x")
    found = discover((f"gs://{google.BUCKET}/letters/**/*.pdf",))
    assert found == [f"gs://{google.BUCKET}/{name}" for name in files if not name.endswith(".txt")]
    assert discover((f"gs://{google.BUCKET}/letters/*.PDF",)) == found[:2]


def test_a_killed_build_continues_in_a_bucket_that_fails_sometimes(
    bucket, corpus_in_bucket, google_environment, tmp_path
):
    output = f"gs://{google.BUCKET}/killed"
    process = start(google_environment, INPUT, output)
    wait_until(lambda: [name for name in bucket.names("killed/shards/") if name.endswith(".parquet")], process)
    process.kill()
    process.communicate(timeout=LIMIT_S)
    kept = bucket.names("killed/shards/")
    assert bucket.names("killed/index.json") == []

    flaky = type("Flaky", (google.Flaky,), {"address": google_environment["STORAGE_EMULATOR_HOST"]})
    with google.serving(flaky) as address:
        code, log = run({**google_environment, "STORAGE_EMULATOR_HOST": address}, INPUT, output)
    assert code == 0, log
    assert flaky.refused > 5
    assert set(kept) <= set(bucket.names("killed/shards/"))
    assert differences(bucket.download("killed", tmp_path / "killed"), corpus_in_bucket) == []


@pytest.mark.parametrize(
    ("inputs", "output", "words"),
    [
        ("gs://no-such-bucket/documents/", "gs://bucket/out", "gs://no-such-bucket/documents/ cannot be reached"),
        (INPUT, "gs://no-such-bucket/out", "gs://no-such-bucket/out cannot be reached"),
        ("gs://bucket/nothing/", "gs://bucket/out", "*.webp below this directory"),
    ],
)
def test_an_input_or_output_that_does_not_exist_is_named(bucket, google_here, inputs, output, words):
    with pytest.raises(UsageError, match=re.escape(words)):
        build_corpus(*parse_flags(["--input", inputs, "--output", output]))


def test_a_forbidden_bucket_ends_the_run_with_the_reason(corpus_in_bucket, google_environment):
    closed = type("Closed", (google.Forbidding,), {"address": google_environment["STORAGE_EMULATOR_HOST"]})
    with google.serving(closed) as address:
        environment = {**google_environment, "STORAGE_EMULATOR_HOST": address}
        code, log = run(environment, INPUT, f"gs://{google.BUCKET}/plain")
    assert code == 1
    assert "error: 403" in log and "run the same command again" in log


@pytest.mark.parametrize(
    ("key_file", "words"), [("", "default credentials were not found"), ("/no/key.json", "/no/key.json was not found")]
)
def test_missing_credentials_are_reported_at_once_with_what_to_do(tmp_path, monkeypatch, key_file, words):
    pytest.importorskip("google.cloud.storage", reason="needs the extra gcp")
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    for name in ("HOME", "CLOUDSDK_CONFIG"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")  # else it would search the network for credentials
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", key_file)
    done = run_module("pipelines.build_corpus", "--input", INPUT, "--output", tmp_path / "out")
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {INPUT} needs Google credentials (") and done.stderr.count("\n") == 1
    assert words in done.stderr and "`gcloud auth application-default login`" in done.stderr


def test_the_missing_extra_for_a_bucket_is_named():
    hide = "import sys; sys.modules['google.cloud.storage'] = None"  # as if it were not installed
    command = f"{hide}; from pipelines.build_corpus import main; sys.exit(main())"
    flags = ["--input", INPUT, "--output", "gs://bucket/out"]
    done = subprocess.run([sys.executable, "-c", command, *flags], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "pip install '.[gcp]'" in done.stderr and "Traceback" not in done.stderr
