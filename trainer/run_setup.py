"""What must hold before a run starts: a corpus that fits the settings, and settings that fit what the run has done."""

from __future__ import annotations

import hashlib
import os
import shlex
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from schemas import Corpus, Tokenizer, UsageError, load_tokenizer
from trainer import distributed
from trainer.config import PretrainConfig
from trainer.sample_order import split


@dataclass(frozen=True)
class TrainingPages:
    """A corpus, its tokenizer, and the corpus indices `(n,)` of both sides of the split."""

    corpus: Corpus
    tokenizer: Tokenizer
    train: np.ndarray
    held_out: np.ndarray


def open_pages(config: PretrainConfig) -> TrainingPages:
    """Opens the corpus and divides it.

    Raises:
        UsageError: no finished corpus on a local disk, another tokenizer, or too few pages for one global batch.
        SchemaError: another schema version.
    """
    if "://" in config.corpus:
        raise UsageError(
            f"--corpus {config.corpus} is remote, training reads a local directory: copy the corpus first."
        )
    corpus = Corpus(config.corpus)
    tokenizer = load_tokenizer(config.tokenizer)
    made_with = corpus.index.tokenizer
    if tokenizer.sha256 != made_with.sha256:
        raise UsageError(
            f"{config.corpus} was built with the tokenizer {made_with.name} (sha256 {made_with.sha256[:12]}), "
            f"--tokenizer {tokenizer.name} is another one (sha256 {tokenizer.sha256[:12]}): "
            f"pass --tokenizer {made_with.name}, or make a corpus for it: {_retokenize_command(config)}"
        )
    if not len(corpus):
        raise UsageError(f"{config.corpus} holds no usable page: its report.html and manifest.parquet say why.")
    train, held_out = split(corpus, config.val_share)
    if len(train) < config.global_batch:
        raise UsageError(
            f"{config.corpus} has {len(train)} pages to train on ({len(held_out)} held out), fewer than one "
            f"--global_batch of {config.global_batch}: build more pages, or lower --global_batch or --val_share."
        )
    return TrainingPages(corpus, tokenizer, train, held_out[: config.val_pages])


def _retokenize_command(config: PretrainConfig) -> str:
    corpus = config.corpus.rstrip("/")
    words = [corpus, "--tokenizer", config.tokenizer, "--output", f"{corpus}-retokenized"]
    return shlex.join(["python", "-m", "pipelines.retokenize", *words])


def fit_to_corpus(config: PretrainConfig, pages: TrainingPages) -> PretrainConfig:
    """Returns the settings with the model's vocabulary and grid as the corpus has them."""
    index = pages.corpus.index
    model = config.model.with_tokenizer(pages.tokenizer)
    return replace(config, model=replace(model, grid_rows=index.grid_rows, grid_cols=index.grid_cols))


def make_run_dir(output: str) -> None:
    """Creates the directory of a run, if need be.

    Raises:
        UsageError: it is not on a local disk, or cannot be created or written into.
    """
    if "://" in output:
        raise UsageError(f"--output {output} is remote, a run writes to a local directory: name one and copy it later.")
    path = Path(output)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--output {path} cannot be created: {error.strerror}") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise UsageError(f"--output {path} is not writable: take another directory or change its permissions.")


def facts(config: PretrainConfig, pages: TrainingPages) -> dict[str, Any]:
    """Returns what two runs must have in common for one to go on from the other's checkpoint."""
    index = pages.corpus.index
    content = "\n".join([index.fingerprint, *(shard.sha256 for shard in index.shards)])
    settings = ("seed", "global_batch", "val_share", "zero_stage", "dtype")
    return {
        "corpus": hashlib.sha256(content.encode()).hexdigest()[:16],
        "tokenizer": pages.tokenizer.sha256[:16],
        "ranks": distributed.world_size(),
        **{name: getattr(config, name) for name in settings},
        "model": asdict(config.model),
        "objectives": asdict(config.objectives),
    }
