"""`pipelines.verify` passes what is sound and names what is not: the file, the key, and what is wrong with it."""

from __future__ import annotations

import io
import json
import random
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.verify import main
from schemas import MANIFEST_SCHEMA, CorpusIndex
from schemas.sample import encode_tokens
from tests.commands import run_module
from tests.corpora import write_corpus, write_shard

SHARD = "corpus-00001"
Sample = dict[str, bytes]


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("sound") / "out"
    write_corpus(directory, pages=6, shards=2, words=40, long_side=256)
    return directory


@pytest.fixture
def corpus(sound, tmp_path) -> Path:
    return shutil.copytree(sound, tmp_path / "out")


@pytest.fixture
def faults_of(capsys) -> Callable[[Path], str]:
    def run(corpus_dir: Path) -> str:
        assert main([str(corpus_dir)]) == 1
        return capsys.readouterr().out

    return run


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
    """Rewrites a shard with all digests and counts right, so that what is in it is the only thing to find."""
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


def token(row: int, column: int, value: int) -> Callable[[Sample], None]:
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


def test_a_corpus_without_a_single_sample_is_sound(tmp_path, capsys):
    write_corpus(tmp_path / "out", pages=0, shards=1)
    assert main([str(tmp_path / "out")]) == 0
    assert "0 samples" in capsys.readouterr().out


def test_the_command_says_how_far_it_is_on_stderr(sound):
    done = run_module("pipelines.verify", sound)
    assert done.returncode == 0
    assert "6/6 pages" in done.stderr


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        pytest.param(token(0, 0, 32_000), "token_id 32000 is outside the tokenizer's 32000 ids", id="id too large"),
        pytest.param(token(0, 0, -1), "token_id -1 is outside", id="negative id"),
        pytest.param(token(0, 1, 10_000), "word index 0..10000, the page has", id="word of no page"),
        pytest.param(token(0, 1, 9), "word index falls at token 1: not in reading order", id="words out of order"),
        pytest.param(token(0, 2, 7), "token 0 has line 7, its word has 0", id="line of another word"),
        pytest.param(token(0, 3, 15), "token 0 has cell 15, its word has 0", id="cell elsewhere"),
        pytest.param(token(0, 4, 999), "token 0 has box [999,", id="box of another word"),
        pytest.param(member("tokens.npy", float_array), "tokens.npy is no npy of int32", id="tokens are floats"),
        pytest.param(member("jpg", lambda jpg: jpg[: len(jpg) // 2]), "jpg: does not decode", id="image cut off"),
        pytest.param(member("jpg", lambda _: b"GIF89a"), "jpg: does not decode", id="no jpeg"),
        pytest.param(member("jpg", halved_image), "pixels, json says", id="image of another size"),
        pytest.param(member("json", lambda _: b"{"), "is not a page of schema 1", id="no json"),
        pytest.param(in_json(lambda page: page.update(schema_version=2)), "schema version 2", id="newer page"),
        pytest.param(in_json(lambda page: page.pop("uri")), "'uri'", id="fact missing"),
        pytest.param(in_json(lambda page: page.update(note="")), "['note']", id="fact too many"),
        pytest.param(
            in_json(lambda page: page.update(width_pt=612)), "width_pt is 612, not a float", id="int for float"
        ),
        pytest.param(
            in_json(lambda page: page.update(doc_sha256="0" * 64)), "its key is 0000000000000000-0", id="other document"
        ),
        pytest.param(in_json(lambda page: page.update(key="0-1")), "key is 0-1", id="other key"),
        pytest.param(in_json(lambda page: page.update(pages=0)), "of 0", id="more than all pages"),
        pytest.param(in_json(lambda page: page.update(rotation=45)), "rotation 45 is no quarter turn", id="rotation"),
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
            id="box inside out",
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
            "hold what UTF-8 cannot carry, such as '\\ud800'",
            id="half a character",
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
            "lines, the words use",
            id="line without box",
        ),
        pytest.param(
            in_json(lambda page: page["lines"]["box"].__setitem__(0, [0, 0, 1000, 1000])),
            "line 0 has box (0, 0, 1000, 1000), its words span",
            id="line box is no hull",
        ),
        pytest.param(
            in_json(lambda page: page.update(uri="other.pdf")),
            "uri is 'other.pdf', the manifest row says",
            id="row of another page",
        ),
    ],
)
def test_damage_inside_a_sample_is_named_with_file_and_key(corpus, faults_of, edit, fault):
    key = edit_first_sample(corpus, edit)
    (line,) = faults_of(corpus).splitlines()
    assert line.startswith(f"shards/{SHARD}.tar: {key}: ")
    assert fault in line


def test_a_sample_without_a_member_is_named(corpus, faults_of):
    key = edit_first_sample(corpus, lambda sample: sample.pop("tokens.npy"))
    assert f"{key}: members are jpg, json, not jpg, json, tokens.npy" in faults_of(corpus)


def test_a_sample_that_comes_twice_is_named(corpus, faults_of):
    samples = read_samples(corpus)
    reseal(corpus, [*samples, samples[0]], read_rows(corpus))
    assert f"{samples[0]['__key__']}: this key comes twice" in faults_of(corpus)


def test_an_ok_row_without_a_sample_is_named(corpus, faults_of):
    samples = read_samples(corpus)
    reseal(corpus, samples[1:], read_rows(corpus))
    assert f"{samples[0]['__key__']}: has an ok row and no sample" in faults_of(corpus)


def test_a_sample_without_an_ok_row_is_named(corpus, faults_of):
    samples, rows = read_samples(corpus), read_rows(corpus)
    reseal(corpus, samples, [row for row in rows if row["key"] != samples[0]["__key__"]])
    assert f"{samples[0]['__key__']}: has no ok row" in faults_of(corpus)


def test_a_flipped_byte_breaks_the_digest(corpus, faults_of):
    path = corpus / "shards" / f"{SHARD}.tar"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert f"shards/{SHARD}.tar: sha256 is" in faults_of(corpus)


def test_a_tar_that_ends_early_is_named_with_its_size(corpus, faults_of):
    path = corpus / "shards" / f"{SHARD}.tar"
    path.write_bytes(path.read_bytes()[:5000])
    faults = faults_of(corpus)
    assert f"shards/{SHARD}.tar: 5000 bytes, index.json says" in faults
    assert "cannot be read to its end" in faults


def test_shards_that_are_missing_or_not_listed_are_named(corpus, faults_of):
    (corpus / "shards" / f"{SHARD}.tar").rename(corpus / "shards" / "corpus-00007.tar")
    faults = faults_of(corpus)
    assert f"shards/{SHARD}.tar: is missing" in faults
    assert "shards/corpus-00007.tar: is not in index.json" in faults


@pytest.mark.parametrize("name", [f"shards/{SHARD}.parquet", "manifest.parquet", "plan.parquet"])
def test_a_table_that_is_missing_or_no_parquet_is_named(corpus, faults_of, name):
    (corpus / name).write_bytes(b"PAR1 and no more")
    assert f"{name}: cannot be read" in faults_of(corpus)
    (corpus / name).unlink()
    assert f"{name}: is missing" in faults_of(corpus)


@pytest.mark.parametrize("name", [f"shards/{SHARD}.parquet", "manifest.parquet", "plan.parquet"])
def test_a_table_with_other_columns_is_named_with_the_column(corpus, faults_of, name):
    table = pq.read_table(corpus / name)
    pq.write_table(table.set_column(0, table.column_names[0], table["uri"].cast(pa.large_string())), corpus / name)
    assert f"{name}: columns differ from the schema's: {table.column_names[0]}" in faults_of(corpus)


@pytest.mark.parametrize("name", [f"shards/{SHARD}.parquet", "manifest.parquet", "plan.parquet"])
def test_a_table_without_a_column_is_named_with_the_column(corpus, faults_of, name):
    table = pq.read_table(corpus / name)
    pq.write_table(table.drop(["pages"]), corpus / name)
    assert f"{name}: columns differ from the schema's: pages" in faults_of(corpus)


@pytest.mark.parametrize("name", [f"shards/{SHARD}.parquet", "manifest.parquet", "plan.parquet"])
def test_a_table_with_text_that_is_no_utf8_is_named(corpus, faults_of, name):
    table = pq.read_table(corpus / name)
    at = table.column_names.index("detail")
    broken = pa.array([b"\xff"] * len(table), pa.binary()).view(pa.string())
    pq.write_table(table.set_column(at, table.field("detail"), broken), corpus / name)
    assert f"{name}: cannot be read: " in faults_of(corpus)


@pytest.mark.parametrize("name", ["index.json", f"shards/{SHARD}.tar"])
def test_any_flipped_bit_of_the_index_and_of_a_tar_is_found(corpus, name):
    path, draws = corpus / name, random.Random(0)
    for _ in range(25):
        whole = flip(path, draws)
        assert main([str(corpus)]) == 1
        path.write_bytes(whole)


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        (f"shards/{SHARD}.parquet", MANIFEST_SCHEMA.names),
        ("manifest.parquet", MANIFEST_SCHEMA.names),
        ("plan.parquet", ["uri", "sha256", "status"]),  # the others stand nowhere else
    ],
)
def test_a_flipped_bit_of_a_table_is_found_or_leaves_every_row_as_it_was(corpus, name, columns):
    path, draws = corpus / name, random.Random(0)
    rows = pq.read_table(path, columns=columns)
    for _ in range(25):
        whole = flip(path, draws)
        assert main([str(corpus)]) == 1 or pq.read_table(path, columns=columns).equals(rows)
        path.write_bytes(whole)


def flip(path: Path, draws: random.Random) -> bytes:
    """Turns one bit of a file; returns what it held before."""
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[draws.randrange(len(whole))] ^= 1 << draws.randrange(8)
    path.write_bytes(damaged)
    return whole


def test_a_parquet_that_marks_another_tar_is_named(corpus, faults_of):
    path = corpus / "shards" / f"{SHARD}.parquet"
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, b"shard_sha256": b"00"}), path)
    assert f"shards/{SHARD}.parquet: metadata shard_sha256 is '00', index.json says" in faults_of(corpus)


def test_a_parquet_that_has_lost_a_row_is_named(corpus, faults_of):
    path = corpus / "shards" / f"{SHARD}.parquet"
    table = pq.read_table(path)
    pq.write_table(table.slice(1), path)
    assert f"shards/{SHARD}.parquet: 3 rows, index.json says 4 pages" in faults_of(corpus)


def edit_manifest(corpus_dir: Path, edit: Callable[[list[dict]], object]) -> None:
    rows = pq.read_table(corpus_dir / "manifest.parquet").to_pylist()
    edit(rows)
    pq.write_table(pa.Table.from_pylist(rows, MANIFEST_SCHEMA), corpus_dir / "manifest.parquet")


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        pytest.param(lambda rows: rows.pop(0), "page 1: the shards' parquets has this row", id="page lost"),
        pytest.param(lambda rows: rows.pop(), "plan.parquet has this row, the manifest has not", id="document lost"),
        pytest.param(lambda rows: rows.append(rows[0]), "2 rows with this key", id="page twice"),
        pytest.param(
            lambda rows: rows[0].update(page=99), "page 99: this row is not in the shards'", id="page made up"
        ),
        pytest.param(lambda rows: rows[0].update(words=0), "in words (0, not", id="other count"),
        pytest.param(lambda rows: rows[0].update(status="fine"), "'fine' is none of PageStatus", id="unknown status"),
    ],
)
def test_a_manifest_that_differs_from_its_shards_is_named_row_by_row(corpus, faults_of, edit, fault):
    edit_manifest(corpus, edit)
    assert any(line.startswith("manifest.parquet: ") and fault in line for line in faults_of(corpus).splitlines())


def test_a_planned_page_without_a_row_is_named(corpus, faults_of):
    plan = pq.read_table(corpus / "plan.parquet").to_pylist()
    plan[0]["pages"] += 1
    pq.write_table(pa.Table.from_pylist(plan, pq.read_schema(corpus / "plan.parquet")), corpus / "plan.parquet")
    assert f"plan.parquet: {plan[0]['uri']}: 4 pages, the manifest has 3 from 1 to 3" in faults_of(corpus)


def test_a_wrong_total_is_named(corpus, faults_of):
    index = CorpusIndex.read(corpus)
    replace(index, totals=index.totals | {"words": 1}).write(corpus)
    assert "index.json: totals.words is 1, the corpus has" in faults_of(corpus)


def with_shard(**facts: object) -> Callable[[CorpusIndex], CorpusIndex]:
    return lambda index: replace(index, shards=(index.shards[0], replace(index.shards[1], **facts)))


def with_tokenizer(**facts: object) -> Callable[[CorpusIndex], CorpusIndex]:
    return lambda index: replace(index, tokenizer=replace(index.tokenizer, **facts))


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        pytest.param(with_shard(samples=2), "3 rows are ok, index.json says 2 samples", id="samples of a shard"),
        pytest.param(with_shard(pages=9), "4 rows, index.json says 9 pages", id="pages of a shard"),
        pytest.param(with_shard(bytes=1), "bytes, index.json says 1", id="bytes of a shard"),
        pytest.param(with_shard(sha256="0" * 64), "index.json says 0000", id="digest of a shard"),
        pytest.param(
            lambda i: replace(i, shards=i.shards[:1]), "corpus-00001.tar: is not in index.json", id="left out"
        ),
        pytest.param(
            lambda i: replace(i, shards=(*i.shards, i.shards[1])), "shard corpus-00001 is listed 2 times", id="twice"
        ),
        pytest.param(with_tokenizer(sha256="0" * 64), "the packaged one is", id="digest of the tokenizer"),
        pytest.param(with_tokenizer(vocab_size=40_000), "the packaged one is", id="size of the tokenizer"),
        pytest.param(
            with_tokenizer(name="own.model", sha256="0" * 64), "config.tokenizer_sha256 is", id="other tokenizer"
        ),
        pytest.param(lambda i: replace(i, grid_rows=5), "config.grid_rows is 4, the corpus says 5", id="other grid"),
        pytest.param(lambda i: replace(i, config={**i.config, "dpi": 1}), "fingerprint is", id="settings made up"),
        pytest.param(
            lambda i: replace(i, token_columns=i.token_columns[::-1]),
            "token_columns are y1,",
            id="columns turned round",
        ),
    ],
)
def test_an_index_that_was_edited_is_named(corpus, faults_of, edit, fault):
    edit(CorpusIndex.read(corpus)).write(corpus)
    assert fault in faults_of(corpus)


def test_two_documents_of_one_name_are_two_documents(corpus, faults_of):
    """As when corpora of two machines are joined."""
    plan = pq.read_table(corpus / "plan.parquet").to_pylist()
    plan.append({**plan[0], "sha256": "0" * 64})
    pq.write_table(pa.Table.from_pylist(plan, pq.read_schema(corpus / "plan.parquet")), corpus / "plan.parquet")
    faults = faults_of(corpus)
    assert f"plan.parquet: {plan[0]['uri']}: 3 pages, the manifest has 0 from 0 to 0" in faults
    assert faults.count("\n") == 2  # and the number of documents


def test_only_the_first_faults_are_listed(tmp_path, faults_of):
    write_corpus(tmp_path / "out", pages=30, shards=1, words=4, long_side=64)
    index = CorpusIndex.read(tmp_path / "out")
    replace(index, tokenizer=replace(index.tokenizer, vocab_size=1)).write(tmp_path / "out")
    lines = faults_of(tmp_path / "out").splitlines()
    assert len(lines) == 21
    assert lines[-1] == "and more: stopped after 20 faults"


def test_a_directory_that_is_no_corpus_is_wrong_usage(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert "holds no index.json" in capsys.readouterr().err


def test_no_directory_at_all_is_wrong_usage():
    with pytest.raises(SystemExit, match="2"):
        main([])


@pytest.mark.parametrize("text", ["{", "[]", '{"schema_version": 99}'])
def test_an_index_that_cannot_be_read_is_a_fault(corpus, capsys, text):
    (corpus / "index.json").write_text(text)
    assert main([str(corpus)]) == 1
    assert "index.json" in capsys.readouterr().err
