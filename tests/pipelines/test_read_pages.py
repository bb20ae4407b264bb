"""Pages read without Beam: the samples of a build, in order, and a line for each page that failed."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from PIL import Image

from pipelines.build.page_stream import read_pages
from pipelines.config import PageConfig, RunConfig
from schemas import Corpus, PageStatus, UsageError
from schemas.page_file import FilePage, GivenWord, encode_page_file
from tests.support.commands import LIMIT_S, ROOT, build, run_module
from tests.support.hostile import endless, one_page, write_hostile

TEXT_LAYER = PageConfig(text_source="pdf")


@pytest.fixture(scope="module")
def documents(tmp_path_factory) -> Path:
    """A folder with a letter, a page file that names an image in another folder, and hostile files."""
    folder = tmp_path_factory.mktemp("documents") / "in"
    write_hostile(folder / "hostile")
    (folder / "letter.pdf").write_bytes(one_page("Dear reader of pages"))
    (folder / "copy.pdf").write_bytes(one_page("Dear reader of pages"))
    (folder.parent / "scans").mkdir()
    Image.new("L", (400, 600), 200).save(folder.parent / "scans" / "scan.png")
    listed = FilePage("../scans/scan.png", words=(GivenWord("hello", (20, 40, 80, 60)),), engine="other")
    (folder / "a.pages.jsonl").write_bytes(encode_page_file([listed, FilePage("missing.png")]))
    return folder


def members_of(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def read(*args: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "pipelines.read_pages", *map(str, args)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )


def test_the_samples_are_those_of_a_build_byte_for_byte(documents, tmp_path):
    flags = ["--text_source", "pdf", "--image_long_side", 300]
    done = build("--input", documents, "--output", tmp_path / "corpus", "--workers", 1, *flags)
    assert done.returncode == 0, done.stderr
    verified = run_module("pipelines.verify", tmp_path / "corpus")
    assert verified.returncode == 0, verified.stdout
    [shard] = (tmp_path / "corpus" / "shards").glob("*.tar")
    found = read(documents, *flags)
    assert found.returncode == 0, found.stderr
    assert members_of(found.stdout) == members_of(shard.read_bytes())
    assert Corpus(tmp_path / "corpus").index.totals["samples"] == 2


def test_pages_come_in_order_with_their_status(documents):
    pages = list(read_pages([documents, documents / "letter.pdf"], TEXT_LAYER))
    seen = [(Path(page.id.uri).name, page.id.page, page.facts.status.value) for page in pages]
    assert seen[:3] == [("a.pages.jsonl", 1, "ok"), ("a.pages.jsonl", 2, "unreadable"), ("copy.pdf", 1, "ok")]
    assert seen[-1] == ("letter.pdf", 0, "duplicate")
    assert ("password.pdf", 0, "encrypted") in seen and ("blank.pdf", 1, "blank") in seen
    assert [word.text for word in pages[2].page().words] == ["Dear", "reader", "of", "pages"]
    with pytest.raises(ValueError, match=r"page 2 of .*a\.pages\.jsonl has no sample \(unreadable: missing.png"):
        pages[1].page()


def test_a_path_that_does_not_exist_and_an_empty_folder_are_wrong_usage(tmp_path):
    for path in (tmp_path, tmp_path / "missing.pdf"):
        with pytest.raises(UsageError, match=path.name):
            next(read_pages(path, TEXT_LAYER))


def test_a_dangling_link_is_unreadable(tmp_path):
    (tmp_path / "a.pdf").symlink_to(tmp_path / "gone.pdf")
    [page] = read_pages(tmp_path, TEXT_LAYER)
    assert page.facts.status is PageStatus.UNREADABLE


def test_the_tar_can_be_written_to_a_file_and_failures_are_lines_on_stderr(documents, tmp_path):
    done = read(documents, "--text_source", "pdf", "--output", tmp_path / "pages.tar")
    assert (done.returncode, done.stdout) == (0, b"")
    assert len(members_of((tmp_path / "pages.tar").read_bytes())) == 6
    lines = done.stderr.decode().splitlines()
    assert (
        f"{documents}/a.pages.jsonl page 2: unreadable (missing.png cannot be read: No such file or directory)" in lines
    )
    assert [path.name for path in tmp_path.iterdir()] == ["pages.tar"]


def test_a_page_that_takes_too_much_memory_has_no_sample(tmp_path):
    (tmp_path / "a.pdf").write_bytes(endless())  # the limit is only checked twice a second
    [page] = read_pages(tmp_path, TEXT_LAYER, limits=RunConfig(page_memory_mb=40))
    assert page.facts.status is PageStatus.OUT_OF_MEMORY


def test_the_command_reads_on_after_a_page_that_hangs_and_names_it_in_the_tar(tmp_path):
    (tmp_path / "a.pdf").write_bytes(endless())
    (tmp_path / "b.pdf").write_bytes(one_page("Dear reader"))
    done = read(tmp_path, "--text_source", "pdf", "--failures", "--page_timeout_s", 3)
    assert done.returncode == 0, done.stderr
    members = members_of(done.stdout)
    [failed] = [json.loads(data) for name, data in members.items() if name.endswith(".failed.json")]
    place = {"uri": str(tmp_path / "a.pdf"), "page": 1, "pages": 1}
    assert failed == {**place, "status": "timeout", "detail": "not done after 3 s (--page_timeout_s)"}
    assert len(members) == 4


def test_copies_are_read_and_listed_documents_are_not(tmp_path):
    names = ["a.pdf", "copy.pdf", "two\nlines.pdf", os.fsdecode(b"caf\xe9.pdf")]
    for name in names:
        (tmp_path / name).write_bytes(one_page("Dear reader"))
    skip = tmp_path / "skip.json"
    skip.write_text(json.dumps([str(tmp_path / "two\nlines.pdf")]))
    done = read(tmp_path, "--text_source", "pdf", "--copies", "--skip", skip, "--output", tmp_path / "pages.tar")
    assert (done.returncode, done.stderr) == (0, b"")
    with tarfile.open(tmp_path / "pages.tar") as tar:
        records = [json.load(tar.extractfile(member)) for member in tar if member.name.endswith(".json")]
    assert [Path(record["uri"]).name for record in records] == ["a.pdf", r"caf\xe9.pdf", "copy.pdf"]


@pytest.mark.parametrize("text", ["/a.pdf\n", '{"a": 1}', "[1]"])
def test_a_list_of_documents_to_leave_out_must_be_json(documents, tmp_path, text):
    (tmp_path / "skip.json").write_text(text)
    done = read(documents, "--skip", tmp_path / "skip.json")
    assert done.returncode == 2 and b"not" in done.stderr and b"JSON" in done.stderr


@pytest.mark.parametrize(("args", "code"), [(["hostile/blank.pdf"], 1), (["missing.pdf"], 2), (["--dpi", "x"], 2)])
def test_the_exit_code_says_whether_a_page_was_read(documents, args, code):
    assert read(*(documents / arg if "pdf" in arg else arg for arg in args), "--text_source", "pdf").returncode == code


def test_the_command_starts_without_beam_and_torch():
    code = "import sys, pipelines.read_pages; print({'apache_beam', 'torch', 'webdataset'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
