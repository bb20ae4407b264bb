"""Local shards: missing and short ones are found at the start, and each is hashed once per machine and remembered."""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from schemas import CorpusIndex
from schemas.support.hashing import sha256_of
from tests.support.corpora import write_corpus
from trainer.data import check_records
from trainer.data.check_records import records_folder
from trainer.data.corpora import open_corpora
from trainer.data.local_shards import LocalShards
from trainer.data.shard_files import ShardError
from trainer.pretrain import main
from trainer.settings.reading.loading import load_config

SHARDS = 4


@pytest.fixture
def corpus(tmp_path) -> Path:
    write_corpus(tmp_path / "OUT", pages=8, shards=SHARDS, words=10, long_side=64)
    return tmp_path / "OUT"


@pytest.fixture
def settled(monkeypatch):
    """Files that were just written count as unchanged for long enough to be remembered."""
    monkeypatch.setattr(check_records, "SETTLED_NS", 0)


@pytest.fixture
def reads(tmp_path, monkeypatch) -> Callable[[], list[str]]:
    """Returns a function that returns the shards that any process has hashed since the last call, in order."""
    log = tmp_path / "reads.log"

    def hash_and_log(path: Path) -> str:
        with log.open("a") as file:
            file.write(f"{path.stem}\n")
        time.sleep(0.05)  # long enough for other processes to start with the same shard, if they may
        return sha256_of(path)

    def take() -> list[str]:
        lines = log.read_text().split() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    monkeypatch.setattr(check_records, "sha256_of", hash_and_log)
    return take


def open_shards(corpus: Path, cache: Path) -> LocalShards:
    return LocalShards(corpus / "shards", CorpusIndex.read(corpus).shards, records_folder(str(cache)))


def check_all(corpus: Path, cache: Path) -> None:
    shards = open_shards(corpus, cache)
    for number in range(SHARDS):
        shards.path(number)


def names(corpus: Path) -> list[str]:
    return [shard.name for shard in CorpusIndex.read(corpus).shards]


def test_several_processes_hash_each_shard_once_and_a_later_run_none(corpus, tmp_path, settled, reads):
    context = multiprocessing.get_context("fork")
    ranks = [context.Process(target=check_all, args=(corpus, tmp_path / "cache")) for _ in range(4)]
    for rank in ranks:
        rank.start()
    for rank in ranks:
        rank.join()
    assert [rank.exitcode for rank in ranks] == [0] * 4
    assert sorted(reads()) == names(corpus)
    check_all(corpus, tmp_path / "cache")
    assert reads() == []


def test_a_path_of_another_form_finds_the_same_record(corpus, tmp_path, settled, reads, monkeypatch):
    check_all(corpus, tmp_path / "cache")
    assert len(reads()) == SHARDS
    (tmp_path / "link").symlink_to(corpus)
    check_all(tmp_path / "link", tmp_path / "cache")
    monkeypatch.chdir(tmp_path)
    check_all(Path("OUT"), tmp_path / "cache")
    assert reads() == []


def test_a_file_replaced_by_one_of_the_same_size_and_time_is_hashed_again(corpus, tmp_path, settled, reads):
    check_all(corpus, tmp_path / "cache")
    path = corpus / "shards" / "corpus-00001.tar"
    before, other = path.stat(), tmp_path / "other.tar"
    other.write_bytes(bytes(before.st_size))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)
    with pytest.raises(ShardError, match=r"corpus-00001\.tar is not the shard of the index"):
        check_all(corpus, tmp_path / "cache")


def test_a_corpus_that_was_built_again_in_the_same_place_is_hashed_again(corpus, tmp_path, settled, reads):
    check_all(corpus, tmp_path / "cache")
    reads()
    shutil.rmtree(corpus)
    write_corpus(corpus, pages=8, shards=SHARDS, words=10, long_side=64)
    check_all(corpus, tmp_path / "cache")
    assert reads() == names(corpus)


def test_a_file_changed_a_moment_ago_is_not_remembered(corpus, tmp_path, monkeypatch, reads):
    monkeypatch.setattr(check_records, "SETTLED_NS", 3600 * 10**9)
    for _ in range(2):
        check_all(corpus, tmp_path / "cache")
        assert reads() == names(corpus)


def test_a_wrong_hash_is_not_remembered(corpus, tmp_path, settled):
    index = CorpusIndex.read(corpus)
    wrong = [replace(shard, sha256="0" * 64) for shard in index.shards]
    shards = LocalShards(corpus / "shards", wrong, records_folder(str(tmp_path / "cache")))
    for _ in range(2):
        with pytest.raises(ShardError, match="is not the shard of the index"):
            shards.path(0)


def test_a_record_that_was_cut_off_is_not_believed(corpus, tmp_path, settled, reads):
    check_all(corpus, tmp_path / "cache")
    reads()
    for record in (tmp_path / "cache" / "checked").iterdir():
        record.write_bytes(record.read_bytes()[:-2])
    check_all(corpus, tmp_path / "cache")
    assert reads() == names(corpus)


def test_a_process_killed_while_it_hashes_does_not_block_the_others(corpus, tmp_path, settled, reads, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(check_records, "sha256_of", lambda path: os.kill(os.getpid(), signal.SIGKILL))
        killed = multiprocessing.get_context("fork").Process(target=check_all, args=(corpus, tmp_path / "cache"))
        killed.start()
        killed.join()
    assert killed.exitcode == -signal.SIGKILL
    check_all(corpus, tmp_path / "cache")
    assert reads() == names(corpus)


def test_a_cache_that_vanishes_during_the_run_does_not_stop_it(corpus, tmp_path, settled, reads):
    shards = open_shards(corpus, tmp_path / "cache")
    shards.path(0)
    shutil.rmtree(tmp_path / "cache")
    (tmp_path / "cache").write_text("a file instead of a folder")
    for number in (0, 1, 1):
        shards.path(number)
    assert reads() == names(corpus)[:2]


def test_a_cache_that_cannot_be_used_is_reported_once_and_each_rank_hashes_for_itself(corpus, tmp_path, caplog, reads):
    write_corpus(tmp_path / "other", pages=8, shards=1, words=10, long_side=64, seed=1)
    given = {"corpus": [str(corpus), str(tmp_path / "other")], "cache_dir": "/proc/none"}
    with caplog.at_level(logging.WARNING, "trainer"):
        opened, _ = open_corpora(load_config("tiny", None, given))
    (message,) = caplog.messages
    assert message.startswith("warning: --cache_dir /proc/none cannot be used (No such file or directory): each rank ")
    assert message.endswith("Choose a folder that can be written.")
    for _ in range(2):
        opened[0].train.files.path(0)
    assert reads() == ["corpus-00000"]


def start(corpus: Path, tmp_path: Path) -> int:
    return main(["--corpus", str(corpus), "--output", str(tmp_path / "RUN"), "--model", "tiny", "--max_steps", "1"])


def test_a_missing_shard_is_found_at_the_start(corpus, tmp_path, caplog):
    path, size = corpus / "shards" / "corpus-00002.tar", CorpusIndex.read(corpus).shards[2].bytes
    path.unlink()
    assert start(corpus, tmp_path) == 1
    assert caplog.messages[-1] == (
        f"error: {path} is missing, a shard of {size:,} bytes (missing or of a wrong size: 1 of 4 shards): "
        f"fetch or build it again; python -m pipelines.verify {corpus} lists all faults."
    )
    assert not (tmp_path / "RUN").exists()


def test_short_shards_are_found_at_the_start_with_both_sizes(corpus, tmp_path, caplog, reads):
    sizes = [shard.bytes for shard in CorpusIndex.read(corpus).shards]
    for number in (1, 3):
        os.truncate(corpus / "shards" / f"corpus-0000{number}.tar", 1500)
    assert start(corpus, tmp_path) == 1
    assert (
        f"corpus-00001.tar has 1,500 bytes instead of {sizes[1]:,} (missing or of a wrong size: 2 of 4" in caplog.text
    )
    assert reads() == []


@pytest.mark.parametrize(("local_rank", "reports"), [("0", 1), ("1", 0)])
def test_a_machine_reports_once_that_its_copy_of_a_corpus_is_incomplete(
    corpus, tmp_path, caplog, monkeypatch, local_rank, reports
):
    for name, value in {"RANK": "2", "LOCAL_RANK": local_rank, "WORLD_SIZE": "4"}.items():
        monkeypatch.setenv(name, value)
    (corpus / "shards" / "corpus-00000.tar").unlink()
    assert start(corpus, tmp_path) == 1
    assert len(caplog.messages) == reports
