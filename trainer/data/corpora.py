"""Opens and checks the corpora of a run, local or remote, and splits each into training pages and held-out pages."""

from __future__ import annotations

import shlex
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas import CorpusIndex, Sample, SchemaError, Tokenizer, UsageError, load_tokenizer
from schemas.index import INDEX_NAME
from schemas.reader import Shard
from schemas.token_limits import TokenLimits
from trainer.data.check_records import records_folder
from trainer.data.local_shards import LocalShards
from trainer.data.mixture import mixture
from trainer.data.page_table import PageTable, read_page_table
from trainer.data.remote import open_url, unreachable
from trainer.data.shard_files import CachedShards, ShardFiles
from trainer.settings.data import CorpusSettings, DataSettings

OPEN_SHARDS = 256  # number of shards whose tar headers a process keeps in memory


class CorpusPages:
    """Pages of one corpus, read by row of the page table. Each process keeps the headers of the shards it read last.

    Args:
        table: the pages.
        files: the shards of the corpus.
        limits: what holds for the tokens of all pages.
    """

    def __init__(self, table: PageTable, files: ShardFiles, limits: TokenLimits) -> None:
        self.table = table
        self.files = files
        self.limits = limits
        self._open: OrderedDict[int, Shard] = OrderedDict()

    def __len__(self) -> int:
        return len(self.table)

    def sample(self, row: int, epoch: int = 0) -> Sample:
        """Returns the sample of a page.

        Args:
            row: of the page table.
            epoch: of the training. The pages of a corpus are the same in all epochs.

        Raises:
            SchemaError: the sample is damaged, or it is not in the shard that the manifest names.
            ShardError: the shard cannot be read or fetched.
        """
        number, key = self.table.shard(row), self.table.key(row)
        while True:
            shard = self._shard(number)
            try:
                return shard.sample_of(key)
            except SchemaError:
                if shard.path.exists():
                    raise
                del self._open[number]  # the shard was removed from the cache: fetch it again

    def shard_name(self, row: int) -> str:
        """Returns the name of the shard that holds a page."""
        return self.files.shards[self.table.shard(row)].name

    def _shard(self, number: int) -> Shard:
        if number not in self._open:
            self._open[number] = Shard(self.files.path(number))
            if len(self._open) > OPEN_SHARDS:
                self._open.popitem(last=False)
        self._open.move_to_end(number)
        return self._open[number]


@dataclass(frozen=True)
class OpenCorpus:
    """One corpus of a run.

    Attributes:
        path: a directory or a URL.
        weight: share of the samples, relative to the weights of the other corpora.
        index: the index of the corpus.
        train: the training pages.
        held_out: the held-out pages.
    """

    path: str
    weight: float
    index: CorpusIndex
    train: CorpusPages
    held_out: CorpusPages


def open_corpora(settings: CorpusSettings) -> tuple[list[OpenCorpus], Tokenizer]:
    """Opens all corpora of a run.

    Raises:
        UsageError: a corpus is not finished, was built with a different tokenizer or grid, or has no training page. Or
            two corpora are the same, or the weights are invalid.
        SchemaError: a corpus has a different schema version or a damaged manifest, or a local corpus lacks a shard.
    """
    tokenizer = load_tokenizer(settings.tokenizer)
    mixed = mixture(settings.corpus)
    # Not for each corpus: a folder that cannot be used is reported once.
    records = records_folder(settings.cache_dir) if any(_is_local(path) for path, _ in mixed) else None
    corpora = [_open(path, weight, tokenizer, settings, records) for path, weight in mixed]
    first, *others = corpora
    for other in others:
        if (other.index.grid_rows, other.index.grid_cols) != (first.index.grid_rows, first.index.grid_cols):
            raise UsageError(f"{first.path} and {other.path} were built on different grids: build one of them again.")
    _require_different(corpora)
    return corpora, tokenizer


def _require_different(corpora: Sequence[OpenCorpus]) -> None:
    paths: dict[tuple[str, ...], str] = {}
    for corpus in corpora:
        shards = tuple(shard.sha256 for shard in corpus.index.shards)
        if shards in paths:
            raise UsageError(
                f"--corpus {paths[shards]} and --corpus {corpus.path} are the same corpus: name it once. To give a "
                "corpus a larger share, use weights."
            )
        paths[shards] = corpus.path


def _is_local(path: str) -> bool:
    return "://" not in path


def _open(
    path: str, weight: float | None, tokenizer: Tokenizer, settings: CorpusSettings, records: Path | None
) -> OpenCorpus:
    index, table = read_head(path)
    if tokenizer.sha256 != index.tokenizer.sha256:
        raise UsageError(_other_tokenizer(path, index, tokenizer, settings.tokenizer))
    if not len(table):
        raise UsageError(f"{path} holds no usable page: see its report.html and manifest.parquet for the reasons.")
    train, held_out = table.split(settings.val_share)
    if not len(train):
        raise UsageError(f"--val_share {settings.val_share} holds out all {len(held_out)} pages of {path}: lower it.")
    files, limits = shard_files(path, index, settings, records), TokenLimits.of(index)
    pages = [CorpusPages(part, files, limits) for part in (train, held_out)]
    return OpenCorpus(path, len(train) if weight is None else weight, index, *pages)


def read_head(path: str) -> tuple[CorpusIndex, PageTable]:
    """Reads the index and the page table of a corpus.

    Args:
        path: a directory or a URL.

    Raises:
        UsageError: the path is not a finished corpus, or it cannot be reached.
        SchemaError: the corpus has a different schema version or a damaged manifest.
    """
    filesystem, root = open_url("--corpus", path)
    try:
        index = CorpusIndex.from_json(_index_json(filesystem, root, path), f"{path}/{INDEX_NAME}")
        with filesystem.open(f"{root}/manifest.parquet", "rb") as manifest:
            table = read_page_table(manifest, [shard.name for shard in index.shards], f"{path}/manifest.parquet")
    except (FileNotFoundError, NotADirectoryError) as error:
        missing = INDEX_NAME if INDEX_NAME in str(error) else "manifest.parquet"
        raise _no_corpus(path, missing) from error
    except OSError as error:
        raise unreachable("--corpus", path, error) from error
    return index, table


def _no_corpus(path: str, missing: str) -> UsageError:
    """Returns the error for a path without a corpus. It may be a path with something else than a weight."""
    prefix, _, weight = path.rpartition(":")
    if prefix and Path(prefix, INDEX_NAME).exists():
        return UsageError(f"--corpus {path}: '{weight}' is no weight: write a number above 0, as in {prefix}:0.5")
    if Path(path).is_file():
        return UsageError(f"--corpus {path} is a file: give the folder of a finished corpus.")
    return UsageError(
        f"{path} holds no {missing}, so it is not a finished corpus: build it with pipelines.build_corpus."
    )


def _index_json(filesystem: Any, root: str, path: str) -> bytes:
    """Returns the bytes of the index. It is the first file that is read, so errors of the file system appear here."""
    try:
        return filesystem.cat_file(f"{root}/{INDEX_NAME}")
    except OSError:
        raise
    except Exception as error:  # each backend of fsspec has its own types of errors
        raise unreachable("--corpus", path, error) from error


def shard_files(path: str, index: CorpusIndex, settings: DataSettings, records: Path | None) -> ShardFiles:
    """Returns the shards of a corpus as local files.

    Args:
        path: a directory or a URL.
        index: the index of the corpus.
        settings: name the cache folder.
        records: see `LocalShards`.

    Raises:
        IncompleteCorpus: a shard of a local corpus is missing or has a wrong size.
    """
    if _is_local(path):
        local = LocalShards(Path(path, "shards"), index.shards, records)
        local.require_complete()
        return local
    return CachedShards(f"{path.rstrip('/')}/shards", index.shards, Path(settings.cache_dir))


def _other_tokenizer(path: str, index: CorpusIndex, tokenizer: Tokenizer, requested: str) -> str:
    made_with, corpus = index.tokenizer, path.rstrip("/")
    words = [corpus, "--tokenizer", requested, "--output", f"{corpus}-retokenized"]
    command = shlex.join(["python", "-m", "pipelines.retokenize", *words])
    return (
        f"{path} was built with the tokenizer {made_with.name} (sha256 {made_with.sha256[:12]}), "
        f"--tokenizer {tokenizer.name} is a different one (sha256 {tokenizer.sha256[:12]}): "
        f"pass --tokenizer {made_with.name}, or make a corpus for it: {command}"
    )
