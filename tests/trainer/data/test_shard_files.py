"""Remote shards: fetching, checking, sharing between processes, the size limit of the cache, and unreliable buckets."""

from __future__ import annotations

import fcntl
import logging
import multiprocessing
import os
import time
from pathlib import Path

import pytest

from schemas import Corpus, ShardInfo
from tests.clusters.google import BUCKET, Files, Proxy, object_store, serving
from tests.support.commands import LIMIT_S
from tests.support.corpora import write_corpus
from tests.trainer.launches import SMALL, rows, run_many
from trainer.data import shard_files
from trainer.data.batches import sample_order
from trainer.data.corpora import open_corpora
from trainer.data.prefetch import Prefetcher, make_room, shards_ahead
from trainer.data.shard_files import CachedShards, ShardError
from trainer.settings.reading.loading import load_config


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "OUT"
    write_corpus(path, pages=24, shards=6, words=20, long_side=64)
    return path


@pytest.fixture
def short_pauses(monkeypatch):
    """Failed fetches are repeated after a short pause."""
    monkeypatch.setattr(shard_files, "FIRST_PAUSE_S", 0.01)


def _shards(corpus: Path, url: str, cache: Path) -> CachedShards:
    return CachedShards(url, Corpus(corpus).index.shards, cache)


def test_a_shard_is_fetched_once_with_the_bytes_of_the_corpus(corpus, tmp_path):
    shards = _shards(corpus, f"file://{corpus}/shards", tmp_path / "cache")
    path = shards.path(2)
    assert path.read_bytes() == (corpus / "shards" / "corpus-00002.tar").read_bytes()
    before = path.stat().st_ino
    assert shards.path(2) == path
    assert path.stat().st_ino == before


def test_the_error_for_a_missing_shard_has_its_url_and_the_last_reason(corpus, tmp_path, short_pauses):
    with pytest.raises(ShardError, match=r"nowhere/corpus-00000\.tar cannot be fetched, tried 6 times: FileNotFound"):
        _shards(corpus, f"file://{corpus}/nowhere", tmp_path).path(0)


def test_a_shard_whose_hash_differs_from_the_index_is_refused(corpus, tmp_path, short_pauses):
    other = CachedShards(f"file://{corpus}/shards", [ShardInfo("corpus-00000", 4, 4, 9, "0" * 64)], tmp_path)
    with pytest.raises(ShardError, match="its SHA-256 differs from the one in the index"):
        other.path(0)
    assert not list(tmp_path.glob("*.tar"))


def _fetch_all(shards: CachedShards) -> None:
    for number in range(6):
        shards.path(number)


def test_several_processes_can_fetch_the_same_shards_at_the_same_time(corpus, tmp_path):
    shards = _shards(corpus, f"file://{corpus}/shards", tmp_path)
    children = [multiprocessing.get_context("fork").Process(target=_fetch_all, args=(shards,)) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0] * 4
    assert len(list(tmp_path.glob("*.tar"))) == 6
    assert not list(tmp_path.glob("*.part"))


def _write_cached(cache: Path, letter: str, age_s: int = 0, suffix: str = ".tar") -> Path:
    path = cache / f"{letter * 64}{suffix}"
    path.write_bytes(bytes(100))
    os.utime(path, (1000 - age_s, 1000 - age_s))
    return path


def test_the_shards_that_were_unused_for_longest_are_removed_first(tmp_path):
    newest, _, _, oldest = [_write_cached(tmp_path, letter, age) for age, letter in enumerate("abcd")]
    make_room(tmp_path, 350, {oldest: 100, tmp_path / f"{'e' * 64}.tar": 100})
    assert sorted(tmp_path.glob("*.tar")) == [newest, oldest]


def test_files_that_were_not_fetched_are_never_removed_from_the_cache(tmp_path):
    hash_64 = "0123456789abcdef" * 4
    foreign = ["backup.tar", "corpus-00000.tar", f"{hash_64}0.tar", f"{hash_64.upper()}.tar", f"{hash_64}.tar.gz"]
    foreign += ["backup.part", "notes.lock", hash_64]
    for name in foreign:
        (tmp_path / name).write_bytes(bytes(100))
    (tmp_path / f"{'f' * 64}.tar").mkdir()
    ours = _write_cached(tmp_path, "a")
    make_room(tmp_path, 0, {})
    assert not ours.exists()
    assert {path.name for path in tmp_path.iterdir()} == {*foreign, f"{'f' * 64}.tar"}


def test_the_partial_file_of_a_killed_fetch_is_removed(tmp_path):
    _write_cached(tmp_path, "a", suffix=".part")
    make_room(tmp_path, 10**9, {})
    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]


def test_a_shard_that_another_run_fetches_stays_and_counts_for_the_limit(tmp_path):
    newer, older = _write_cached(tmp_path, "a"), _write_cached(tmp_path, "b", age_s=1)
    coming = _write_cached(tmp_path, "c", suffix=".part")
    with coming.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        make_room(tmp_path, 200, {})
    assert newer.exists() and coming.exists()
    assert not older.exists()


def test_an_unusable_cache_is_named_in_the_error_and_in_each_warning(corpus, tmp_path, caplog):
    opened, order = _remote(corpus, tmp_path / "cache", shuffle_shards=1)
    (tmp_path / "cache").write_text("a file instead of a folder")
    message = f"--cache_dir {tmp_path}/cache cannot be used: "
    with pytest.raises(ShardError, match=message):
        opened.train.files.path(0)
    ahead = Prefetcher(order, [opened.train.files], tmp_path / "cache", 10**9)
    for position in (0, 24):
        ahead.advance(position)
        _wait_for_warnings(caplog, 1 + position // 24)
    assert all(line.startswith("read ahead: ") and message in line for line in caplog.messages)


def _remote(corpus: Path, cache: Path, shuffle_shards: int):
    given = {"corpus": [f"file://{corpus}"], "cache_dir": str(cache), "shuffle_shards": str(shuffle_shards)}
    config = load_config("tiny", None, given | {"val_share": "0"})
    opened, _ = open_corpora(config)
    return opened[0], sample_order(config, opened)


def test_shards_are_fetched_before_they_are_read_and_the_cache_stays_within_its_limit(corpus, tmp_path):
    opened, order = _remote(corpus, tmp_path, shuffle_shards=1)
    files = opened.train.files
    limit = 3 * max(shard.bytes for shard in opened.index.shards)
    ahead = Prefetcher(order, [files], tmp_path, limit)
    for position in range(0, 48, 4):
        ahead.advance(position)
        wanted = [
            opened.train.files.cached(number) for _, number in shards_ahead(order, [opened.train.files], position)
        ]
        assert len(wanted) in (1, 2)
        deadline = time.monotonic() + LIMIT_S
        while not all(path.exists() for path in wanted):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert (
            opened.train.files.cached(opened.train.table.shard(order.samples(position, position + 1)[0].row)) in wanted
        )
        assert sum(path.stat().st_size for path in tmp_path.glob("*.tar")) <= limit


def test_a_shard_removed_while_it_is_open_is_fetched_again(corpus, tmp_path):
    opened, _ = _remote(corpus, tmp_path, shuffle_shards=64)
    first = opened.train.sample(0)
    for path in tmp_path.glob("*.tar"):
        path.unlink()
    assert opened.train.sample(0).jpg == first.jpg


def _wait_for_warnings(caplog, number: int) -> None:
    deadline = time.monotonic() + LIMIT_S
    while len(caplog.messages) < number:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_shard_that_cannot_be_prefetched_is_a_warning(corpus, tmp_path, short_pauses, caplog):
    opened, order = _remote(corpus, tmp_path, shuffle_shards=64)
    missing = CachedShards(f"file://{tmp_path}/nowhere", opened.index.shards, tmp_path)
    with caplog.at_level(logging.WARNING, "trainer"):
        Prefetcher(order, [missing], tmp_path, 10**9).advance(0)
        _wait_for_warnings(caplog, 6)
    assert caplog.messages[0].startswith("read ahead: ")


class UnreliableBucket(Proxy):
    """Refuses every fifth request, and once truncates a shard without an error."""

    truncated = 0

    def refusal(self) -> int | None:
        return 503 if self.requests % 5 == 0 else None

    def trim(self, content: bytes) -> bytes:
        if type(self).truncated == 0 and "corpus-0000" in self.path and len(content) > 5000:
            type(self).truncated = 1
            return content[:5000]
        return content


def test_a_run_from_an_unreliable_bucket_is_identical_to_a_run_from_the_local_corpus(corpus, tmp_path, monkeypatch):
    common = [*SMALL, "--max_steps", "4", "--shuffle_shards", "2", "--workers", "1", "--val_share", "0"]
    remote = ["--corpus", f"gs://{BUCKET}/OUT", "--output", str(tmp_path / "remote"), *common]
    remote += ["--cache_dir", str(tmp_path / "cache")]
    local = ["--corpus", str(corpus), "--output", str(tmp_path / "local"), *common]
    with object_store() as address:
        files = Files(address)
        for path in corpus.rglob("*.*"):
            files.bucket.blob(f"OUT/{path.relative_to(corpus)}").upload_from_filename(path)
        UnreliableBucket.address = address
        with serving(UnreliableBucket) as proxy:
            monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy)
            codes, printed = run_many({"remote": remote, "local": local}, 2, tmp_path)
    assert set(codes.values()) == {0}, printed
    assert UnreliableBucket.refused > 0
    assert UnreliableBucket.truncated == 1
    found = [rows(tmp_path / name, "loss", "batch_id") for name in ("remote", "local")]
    assert len(found[0]) == 4 and found[0] == found[1]
    assert not list((tmp_path / "cache").glob("*.part"))
