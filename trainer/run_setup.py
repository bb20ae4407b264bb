"""What a run needs before it starts: settings that fit its corpora, an order of the pages, a directory."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TypeVar

from schemas import CorpusIndex, Tokenizer, UsageError
from schemas.index import INDEX_NAME
from trainer import distributed
from trainer.config import PretrainConfig
from trainer.corpora import OpenCorpus
from trainer.data import PageDataset
from trainer.prefetch import prefetcher
from trainer.pretraining import Pretraining
from trainer.sample_order import RankBatches, SampleOrder, ShuffledPages
from trainer.settings.data import DataSettings
from trainer.settings.training import TrainingConfig
from trainer.shard_files import CachedShards
from trainer.task import Task

Config = TypeVar("Config", bound=TrainingConfig)


def fit_to_corpora(config: Config, corpora: Sequence[OpenCorpus], tokenizer: Tokenizer) -> Config:
    """Returns the settings with the model's vocabulary and grid as the corpora have them."""
    index = corpora[0].index
    model = config.model.with_tokenizer(tokenizer)
    return replace(config, model=replace(model, grid_rows=index.grid_rows, grid_cols=index.grid_cols))


def pretraining(config: PretrainConfig, tokenizer: Tokenizer) -> Pretraining:
    """Returns the task of pretraining under settings that fit the corpora."""
    return Pretraining(config.objectives, config.model, tokenizer, config.seed)


def sample_order(config: TrainingConfig, corpora: Sequence[OpenCorpus]) -> SampleOrder:
    """Returns the order in which a run reads its training pages."""
    pages = [
        ShuffledPages(corpus.train.table.bounds, config.shuffle_shards, config.seed, number)
        for number, corpus in enumerate(corpora)
    ]
    return SampleOrder(pages, [corpus.weight for corpus in corpora], config.seed)


def rank_batches(
    config: TrainingConfig,
    corpora: Sequence[OpenCorpus],
    order: SampleOrder,
    dataset: PageDataset,
    engine: Any,
    consumed: int,
    steps: int,
) -> RankBatches:
    """Returns what this rank reads in the next `steps` steps, the run having consumed that many samples."""
    return RankBatches(
        order,
        dataset.length,
        global_batch=config.global_batch,
        micro_batch=engine.train_micro_batch_size_per_gpu(),
        rank=distributed.rank(),
        ranks=distributed.world_size(),
        consumed=consumed,
        steps=steps,
        on_step=prefetcher(config, order, corpora),
    )


def require_run_dir(output: str) -> None:
    """Checks the directory of a run and creates nothing.

    Raises:
        UsageError: it is not on a local disk, is a file or a corpus, or cannot be.
    """
    if "://" in output:
        raise UsageError(f"--output {output} is remote, a run writes to a local directory: name one and copy it later.")
    path = Path(output)
    try:
        there = next(place for place in (path, *path.absolute().parents) if place.exists())
    except OSError as error:
        raise UsageError(f"--output {path} cannot be created ({error.strerror}): name another directory.") from error
    if not there.is_dir():
        raise UsageError(f"--output {path} cannot be created ({there} is a file): name another directory.")
    if (path / INDEX_NAME).exists():
        raise UsageError(f"--output {path} is a corpus: name another directory, which need not exist.")


def make_run_dir(output: str) -> None:
    """Creates the directory of a run, if need be.

    Raises:
        UsageError: it cannot be created or written into.
    """
    _make_dir("--output", Path(output))


def make_cache(settings: DataSettings, corpora: Sequence[OpenCorpus]) -> None:
    """Creates the folder for the shards of remote corpora, if there are any.

    Raises:
        UsageError: it cannot be created or written into, or cannot hold the shards that are read at the same time and
            those after.
    """
    remote = [files for corpus in corpora if isinstance(files := corpus.train.files, CachedShards)]
    largest = (sorted((shard.bytes for shard in files.shards), reverse=True) for files in remote)
    needed = sum(sum(sizes[: 2 * settings.shuffle_shards]) for sizes in largest)
    if needed > settings.cache_gb * 1e9:
        raise UsageError(
            f"--cache_gb {settings.cache_gb:g} is too little for 2 x --shuffle_shards {settings.shuffle_shards}: "
            f"give at least {math.ceil(needed / 1e8) / 10:g}, or lower --shuffle_shards."
        )
    if remote:
        _make_dir("--cache_dir", remote[0].cache)


def _make_dir(flag: str, path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{flag} {path} cannot be created: {error.strerror}") from error
    try:
        with TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise UsageError(
            f"{flag} {path} cannot be written into ({error.strerror}): take another directory or mend this one."
        ) from error


def facts(config: TrainingConfig, corpora: Sequence[OpenCorpus], tokenizer: Tokenizer, task: Task) -> dict[str, Any]:
    """Returns what two runs must have in common for one to go on from the other's checkpoint."""
    settings = ("seed", "global_batch", "val_share", "shuffle_shards", "zero_stage", "dtype")
    return {
        "corpus": [[_content(corpus.index), corpus.weight] for corpus in corpora],
        "tokenizer": tokenizer.sha256[:16],
        "ranks": distributed.world_size(),
        **{name: getattr(config, name) for name in settings},
        "model": asdict(config.model),
        **task.facts(),
    }


def _content(index: CorpusIndex) -> str:
    """Returns 16 hex digits that name all samples of a corpus."""
    content = "\n".join([index.fingerprint, *(shard.sha256 for shard in index.shards)])
    return hashlib.sha256(content.encode()).hexdigest()[:16]
