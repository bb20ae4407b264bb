"""`pipelines.verify` accepts sound corpora and reports every fault with file, key and reason."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from pipelines.verify import main
from schemas import CorpusIndex
from schemas.sample import encode_tokens
from tests.support.commands import run_module
from tests.support.corpora import write_corpus, write_shard

SHARD = "corpus-00001"
Sample = dict[str, bytes]


def read_samples(corpus_dir: Path) -> list[Sample]:
    samples: dict[str, Sample] = {}
    with tarfile.open(corpus_dir / "shards" / f"{SHARD}.tar") as tar:
        for info in tar:
            key, _, member = info.name.partition(".")
            samples.setdefault(key, {"__key__": key})[member] = tar.extractfile(info).read()
    return list(samples.values())


def read_rows(corpus_dir: Path) -> list[dict]:
    return pq.read_table(corpus_dir / "shards" / f"{SHARD}.parquet").to_pylist()


def reseal(corpus_dir: Path, samples: list[Sample], rows: list[dict]) -> None:
    """Rewrites a shard with correct hashes and counts, so that its content is the only fault."""
    info, _ = write_shard(corpus_dir, SHARD, samples, rows)
    index = CorpusIndex.read(corpus_dir)
    shards = tuple(info if shard.name == SHARD else shard for shard in index.shards)
    totals = index.totals | {"bytes": sum(shard.bytes for shard in shards)}
    replace(index, shards=shards, totals=totals).write(corpus_dir)


def edit_first_sample(corpus_dir: Path, edit: Callable[[Sample], None]) -> str:
    samples = read_samples(corpus_dir)
    edit(samples[0])
    reseal(corpus_dir, samples, read_rows(corpus_dir))
    return samples[0]["__key__"]


def in_json(edit: Callable[[dict], object]) -> Callable[[Sample], None]:
    def change(sample: Sample) -> None:
        record = json.loads(sample["json"])
        edit(record)
        sample["json"] = json.dumps(record).encode()

    return change


def token(row: int | slice, column: int, value: int) -> Callable[[Sample], None]:
    def change(sample: Sample) -> None:
        tokens = np.load(io.BytesIO(sample["tokens.npy"]))
        tokens[row, column] = value
        sample["tokens.npy"] = encode_tokens(tokens)

    return change


def member(name: str, edit: Callable[[bytes], bytes]) -> Callable[[Sample], None]:
    def change(sample: Sample) -> None:
        sample[name] = edit(sample[name])

    return change


def halved_image(jpg: bytes) -> bytes:
    image = cv2.imdecode(np.frombuffer(jpg, np.uint8), cv2.IMREAD_COLOR)
    return cv2.imencode(".jpg", image[::2, ::2])[1].tobytes()


def float_array(_: bytes) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros((3, 8)))
    return buffer.getvalue()


def test_a_sound_corpus_passes_with_one_line(sound, capsys):
    assert main([str(sound)]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "is sound: 6 samples, 2 shards" in out


def test_a_corpus_without_any_sample_is_sound(tmp_path, capsys):
    write_corpus(tmp_path / "out", pages=0, shards=1)
    assert main([str(tmp_path / "out")]) == 0
    assert "0 samples" in capsys.readouterr().out


def test_the_command_shows_its_progress_on_stderr(sound):
    done = run_module("pipelines.verify", sound)
    assert done.returncode == 0
    assert "6/6 pages" in done.stderr


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        pytest.param(token(0, 0, 32_000), "token 0 has token_id 32000, outside 0..31999", id="id too large"),
        pytest.param(token(0, 0, -1), "token 0 has token_id -1, outside", id="negative id"),
        pytest.param(token(0, 1, 10_000), "token 0 has word 10000, outside 0..", id="word that the page lacks"),
        pytest.param(token(0, 1, 9), "token 1 has word 0 after word 9: not in reading order", id="words out of order"),
        pytest.param(token(slice(None), 2, 1), "token 0 has line 1, but its word has 0", id="line of another word"),
        pytest.param(token(0, 2, -1), "token 0 has line -1, outside 0..", id="negative line"),
        pytest.param(token(0, 3, 16), "token 0 has cell 16, outside 0..15", id="cell beyond the grid"),
        pytest.param(token(0, 3, 15), "token 0 has cell 15, but its word has 0", id="cell elsewhere"),
        pytest.param(token(0, 4, 999), "token 0 has box [999,", id="box of another word"),
        pytest.param(member("tokens.npy", float_array), "tokens.npy is not an npy of int32", id="tokens are floats"),
        pytest.param(member("jpg", lambda jpg: jpg[: len(jpg) // 2]), "jpg: does not decode", id="image cut off"),
        pytest.param(member("jpg", lambda _: b"GIF89a"), "jpg: does not decode", id="no jpeg"),
        pytest.param(member("jpg", halved_image), "pixels, but json says", id="image of another size"),
        pytest.param(member("json", lambda _: b"{"), "is not a page of schema 1", id="no json"),
        pytest.param(in_json(lambda page: page.update(schema_version=2)), "schema version 2", id="newer page"),
        pytest.param(in_json(lambda page: page.pop("uri")), "'uri'", id="key missing"),
        pytest.param(in_json(lambda page: page.update(note="")), "['note']", id="unknown key"),
        pytest.param(
            in_json(lambda page: page.update(width_pt=612)), "width_pt is 612, not a float", id="int for float"
        ),
        pytest.param(
            in_json(lambda page: page.update(doc_sha256="0" * 64)), "its key is 0000000000000000-0", id="other document"
        ),
        pytest.param(in_json(lambda page: page.update(key="0-1")), "key is 0-1", id="other key"),
        pytest.param(in_json(lambda page: page.update(pages=0)), "of 0", id="page number above the number of pages"),
        pytest.param(
            in_json(lambda page: page.update(rotation=45)), "rotation 45 is not 0, 90, 180 or 270", id="rotation"
        ),
        pytest.param(in_json(lambda page: page.update(text_source="me")), "'me' is neither ocr nor pdf", id="source"),
        pytest.param(in_json(lambda page: page.update(height_pt=0.0)), "x 0.0 pt", id="page without area"),
        pytest.param(
            in_json(lambda page: page["words"]["box"].__setitem__(0, [0, 0, 1001, 9])),
            "words have no box of ordered integers in 0..1000, such as (0, 0, 1001, 9)",
            id="box beyond the page",
        ),
        pytest.param(
            in_json(lambda page: page["words"]["box"].__setitem__(0, [50, 0, 40, 9])),
            "such as (50, 0, 40, 9)",
            id="box with swapped corners",
        ),
        pytest.param(
            in_json(lambda page: page["words"]["score"].__setitem__(0, 1.5)),
            "have a score outside 0..1, such as 1.5",
            id="score above 1",
        ),
        pytest.param(
            in_json(lambda page: page["words"]["text"].__setitem__(1, "two words")),
            "are empty or hold white space, such as 'two words'",
            id="two words in one",
        ),
        pytest.param(
            in_json(lambda page: page["words"]["text"].__setitem__(0, "\ud800")),
            "hold characters that UTF-8 cannot encode, such as '\\ud800'",
            id="half of a surrogate pair",
        ),
        pytest.param(
            in_json(lambda page: page["words"]["text"].__setitem__(0, 7)),
            "words.text holds 7, not a str",
            id="number for text",
        ),
        pytest.param(
            in_json(lambda page: page["words"]["line"].__setitem__(0, 3)),
            "word 1 is in line 0 after line 3: not in reading order",
            id="lines out of order",
        ),
        pytest.param(
            in_json(lambda page: page["lines"]["box"].pop()),
            "lines, but the words use",
            id="line without box",
        ),
        pytest.param(
            in_json(lambda page: page["lines"]["box"].__setitem__(0, [0, 0, 1000, 1000])),
            "line 0 has box (0, 0, 1000, 1000), but its words span",
            id="line box is no hull",
        ),
        pytest.param(
            in_json(lambda page: page.update(uri="other.pdf")),
            "uri is 'other.pdf', but the manifest row says",
            id="row of another page",
        ),
    ],
)
def test_damage_inside_a_sample_is_reported_with_file_and_key(corpus, faults_of, edit, fault):
    key = edit_first_sample(corpus, edit)
    line, _ = faults_of(corpus).splitlines()
    assert line.startswith(f"shards/{SHARD}.tar: {key}: ")
    assert fault in line


def test_a_sample_without_a_member_is_reported(corpus, faults_of):
    key = edit_first_sample(corpus, lambda sample: sample.pop("tokens.npy"))
    assert f"{key}: members are jpg, json, not jpg, json, tokens.npy" in faults_of(corpus)


def test_a_sample_that_is_there_twice_is_reported(corpus, faults_of):
    samples = read_samples(corpus)
    reseal(corpus, [*samples, samples[0]], read_rows(corpus))
    assert f"{samples[0]['__key__']}: this key is there twice" in faults_of(corpus)


def test_an_ok_row_without_a_sample_is_reported(corpus, faults_of):
    samples = read_samples(corpus)
    reseal(corpus, samples[1:], read_rows(corpus))
    assert f"{samples[0]['__key__']}: has an ok row but no sample" in faults_of(corpus)


def test_a_sample_without_an_ok_row_is_reported(corpus, faults_of):
    samples, rows = read_samples(corpus), read_rows(corpus)
    reseal(corpus, samples, [row for row in rows if row["key"] != samples[0]["__key__"]])
    assert f"{samples[0]['__key__']}: has no ok row" in faults_of(corpus)


def test_a_flipped_byte_changes_the_hash(corpus, faults_of):
    path = corpus / "shards" / f"{SHARD}.tar"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert f"shards/{SHARD}.tar: sha256 is" in faults_of(corpus)


def test_a_truncated_tar_is_reported_with_its_size(corpus, faults_of):
    path = corpus / "shards" / f"{SHARD}.tar"
    path.write_bytes(path.read_bytes()[:5000])
    faults = faults_of(corpus)
    assert f"shards/{SHARD}.tar: 5000 bytes, but index.json says" in faults
    assert "cannot be read to its end" in faults


def test_shards_that_are_missing_or_not_listed_are_reported(corpus, faults_of):
    (corpus / "shards" / f"{SHARD}.tar").rename(corpus / "shards" / "corpus-00007.tar")
    faults = faults_of(corpus)
    assert f"shards/{SHARD}.tar: is missing" in faults
    assert "shards/corpus-00007.tar: is not in index.json" in faults


def test_the_last_line_says_how_to_repair_the_corpus(corpus, faults_of):
    (corpus / "shards" / f"{SHARD}.tar").unlink()
    assert "delete the files named above (of a shard, its .parquet)" in faults_of(corpus).splitlines()[-1]
    (corpus / "plan.parquet").unlink()
    assert "build the corpus again into another --output" in faults_of(corpus).splitlines()[-1]


def test_only_the_first_faults_are_listed(tmp_path, faults_of):
    write_corpus(tmp_path / "out", pages=30, shards=1, words=4, long_side=64)
    index = CorpusIndex.read(tmp_path / "out")
    replace(index, tokenizer=replace(index.tokenizer, vocab_size=1)).write(tmp_path / "out")
    lines = faults_of(tmp_path / "out").splitlines()
    assert len(lines) == 22
    assert lines[-2] == "and more: stopped after 20 faults"


def test_a_directory_without_a_corpus_is_wrong_usage(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert "holds no index.json" in capsys.readouterr().err


def test_a_corpus_in_a_bucket_is_refused_with_what_to_do(capsys):
    assert main(["gs://bucket/corpus"]) == 2
    assert "gs://bucket/corpus: verify reads only a local corpus; copy it" in capsys.readouterr().err


def test_a_command_line_without_a_directory_is_wrong_usage():
    with pytest.raises(SystemExit, match="2"):
        main([])


@pytest.mark.parametrize("text", ["{", "[]", '{"schema_version": 99}'])
def test_an_index_that_cannot_be_read_is_a_fault(corpus, capsys, text):
    (corpus / "index.json").write_text(text)
    assert main([str(corpus)]) == 1
    assert "index.json" in capsys.readouterr().err
