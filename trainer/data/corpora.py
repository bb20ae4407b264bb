"""The corpora of a run, local or remote: opened, checked, and divided into pages to train on and held-out ones."""

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
from trainer.data.mixture import mixture
from trainer.data.page_table import PageTable, read_page_table
from trainer.data.remote import open_url, unreachable
from trainer.data.shard_files import CachedShards, LocalShards, ShardFiles
from trainer.settings.data import DataSettings

OPEN_SHARDS = 256  # whose headers a process keeps in memory


class CorpusPages:
    """Pages of one corpus, read by their row. Every process keeps the headers of the shards that it read last."""

    def __init__(self, table: PageTable, files: ShardFiles) -> None:
        self.table = table
        self.files = files
        self._open: OrderedDict[int, Shard] = OrderedDict()

    def __len__(self) -> int:
        return len(self.table)

    def sample(self, row: int) -> Sample:
        """Returns a page's sample.

        Raises:
            SchemaError: it is damaged, or not in the shard that the manifest names.
            ShardError: its shard cannot be had.
        """
        number, key = self.table.shard(row), self.table.key(row)
        while True:
            shard = self._shard(number)
            try:
                return shard.sample_of(key)
            except SchemaError:
                if shard.path.exists():
                    raise
                del self._open[number]  # removed from the cache meanwhile, and fetched again

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
        weight: share of the samples, relative to those of the others.
    """

    path: str
    weight: float
    index: CorpusIndex
    train: CorpusPages
    held_out: CorpusPages


def open_corpora(settings: DataSettings) -> tuple[list[OpenCorpus], Tokenizer]:
    """Opens all corpora of a run.

    Raises:
        UsageError: one is no finished corpus, was made with another tokenizer or on another grid, or has no page to
            train on; two are the same; or their weights make no sense.
        SchemaError: another schema version, or a damaged manifest.
    """
    tokenizer = load_tokenizer(settings.tokenizer)
    corpora = [_open(path, weight, tokenizer, settings) for path, weight in mixture(settings.corpus)]
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
                f"--corpus {paths[shards]} and --corpus {corpus.path} are the same corpus: name it once; weights give "
                "one corpus a larger share than another."
            )
        paths[shards] = corpus.path


def _open(path: str, weight: float | None, tokenizer: Tokenizer, settings: DataSettings) -> OpenCorpus:
    index, table = read_head(path)
    if tokenizer.sha256 != index.tokenizer.sha256:
        raise UsageError(_other_tokenizer(path, index, tokenizer, settings.tokenizer))
    if not len(table):
        raise UsageError(f"{path} holds no usable page: its report.html and manifest.parquet say why.")
    train, held_out = table.split(settings.val_share)
    if not len(train):
        raise UsageError(f"--val_share {settings.val_share} holds out all {len(held_out)} pages of {path}: lower it.")
    files = shard_files(path, index, settings)
    return OpenCorpus(
        path, len(train) if weight is None else weight, index, CorpusPages(train, files), CorpusPages(held_out, files)
    )


def read_head(path: str) -> tuple[CorpusIndex, PageTable]:
    """Reads index and manifest of a corpus.

    Raises:
        UsageError: there is none, or it cannot be reached.
        SchemaError: another schema version, or a damaged manifest.
    """
    filesystem, root = open_url("--corpus", path)
    try:
        index = CorpusIndex.from_json(_index_json(filesystem, root, path), f"{path}/{INDEX_NAME}")
        with filesystem.open(f"{root}/manifest.parquet", "rb") as manifest:
            table = read_page_table(manifest, [shard.name for shard in index.shards], f"{path}/manifest.parquet")
    except FileNotFoundError as error:
        missing = INDEX_NAME if INDEX_NAME in str(error) else "manifest.parquet"
        raise UsageError(
            f"{path} holds no {missing}, so no finished corpus: build it with pipelines.build_corpus."
        ) from error
    except OSError as error:
        raise unreachable("--corpus", path, error) from error
    return index, table


def _index_json(filesystem: Any, root: str, path: str) -> bytes:
    """Returns the first that is read of a corpus, so what is wrong with its file system is found out here."""
    try:
        return filesystem.cat_file(f"{root}/{INDEX_NAME}")
    except OSError:
        raise
    except Exception as error:  # each backend of fsspec has kinds of errors of its own
        raise unreachable("--corpus", path, error) from error


def shard_files(path: str, index: CorpusIndex, settings: DataSettings) -> ShardFiles:
    """Returns the shards of a corpus as local files.

    Raises:
        UsageError: the cache of remote ones is to lie in a home folder that is not known.
    """
    if "://" not in path:
        return LocalShards(Path(path, "shards"), index.shards)
    try:
        cache = Path(settings.cache_dir).expanduser()
    except RuntimeError as error:
        raise UsageError(f"--cache_dir {settings.cache_dir}: {error} Name another folder.") from error
    return CachedShards(f"{path.rstrip('/')}/shards", index.shards, cache)


def _other_tokenizer(path: str, index: CorpusIndex, tokenizer: Tokenizer, asked: str) -> str:
    made_with, corpus = index.tokenizer, path.rstrip("/")
    words = [corpus, "--tokenizer", asked, "--output", f"{corpus}-retokenized"]
    command = shlex.join(["python", "-m", "pipelines.retokenize", *words])
    return (
        f"{path} was built with the tokenizer {made_with.name} (sha256 {made_with.sha256[:12]}), "
        f"--tokenizer {tokenizer.name} is another one (sha256 {tokenizer.sha256[:12]}): "
        f"pass --tokenizer {made_with.name}, or make a corpus for it: {command}"
    )
