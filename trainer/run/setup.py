"""Prepares a run: adapts the settings to the corpora, makes the task, checks everything, and builds the engine."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import torch

from schemas import CorpusIndex, Tokenizer, UsageError
from trainer import distributed
from trainer.checkpoints.facts import CORPUS, CORPUS_PATHS, ITEMS, PAGE_CHANGES, require_same
from trainer.checkpoints.manifest import Checkpoint
from trainer.checkpoints.store import CHECKPOINTS_DIR, newest_checkpoint
from trainer.checkpoints.upload import require_uploads
from trainer.data.corpora import OpenCorpus
from trainer.data.items.pages import ItemPages
from trainer.data.sample_order import micro_batch_size
from trainer.engine.start import start_engine
from trainer.model.docformer import DocFormerV2
from trainer.run.advice.batch import small_passes
from trainer.run.advice.held_out import nothing_held_out
from trainer.run.directory import make_cache, require_run_dir
from trainer.run.records.wandb_log import require_wandb
from trainer.run.starting_point import starting_scales
from trainer.settings.data import CorpusSettings
from trainer.settings.pretrain import PretrainConfig
from trainer.settings.reading.reserved_keys import require_agreement
from trainer.settings.run import RunSettings
from trainer.settings.training import TrainingConfig
from trainer.tasks.base import Task
from trainer.tasks.pretraining.task import Pretraining

logger = logging.getLogger("trainer")

Config = TypeVar("Config", bound=TrainingConfig)
OpenData = Callable[[Any], tuple[list[OpenCorpus], Tokenizer]]
"""Opens the pages of a run by the settings of a command."""
MakeTask = Callable[[Any, Tokenizer], Task]
"""Makes a task from the settings of a command, adapted to the corpora, and the tokenizer of the corpora."""


@dataclass(frozen=True)
class PreparedRun:
    """A run that has been checked and can start.

    Attributes:
        config: the settings, with the model adapted to the corpora.
        corpora: the corpora, open.
        tokenizer: the tokenizer of the corpora.
        task: the task to train.
        micro_batch: pages that a rank processes at a time.
        facts: settings that must be the same in a run that resumes from a checkpoint of this one.
        earlier: manifest of the newest checkpoint if the run is resumed, otherwise None.
    """

    config: TrainingConfig
    corpora: list[OpenCorpus]
    tokenizer: Tokenizer
    task: Task
    micro_batch: int
    facts: dict[str, Any]
    earlier: Checkpoint | None


def prepare(config: TrainingConfig, open_data: OpenData, make_task: MakeTask) -> PreparedRun:
    """Makes all checks before the ranks are connected. So no rank waits for another one that has failed.

    Raises:
        UsageError: the settings do not match the corpus or an earlier start of this run.
    """
    if config.wandb_project:
        require_wandb()
    require_run_dir(config.output)
    require_uploads(config.upload_to, Path(config.output))
    corpora, tokenizer = open_data(config)
    make_cache(config, corpora)
    config = fit_to_corpora(config, corpora, tokenizer)
    task = make_task(config, tokenizer)
    micro_batch = micro_batch_size(config.global_batch, config.micro_batch, distributed.world_size())
    if warning := small_passes(config.global_batch, config.micro_batch, distributed.world_size()):
        logger.warning(f"warning: {warning}")
    common = facts(config, corpora, tokenizer, task)
    earlier = newest_checkpoint(Path(config.output, CHECKPOINTS_DIR))
    if earlier is None and isinstance(config, CorpusSettings) and (warning := nothing_held_out(config, corpora)):
        logger.warning(f"warning: {warning}")
    if earlier is not None:
        require_same(earlier.facts, common, config.output, ignore=["ranks"] if config.change_ranks else [])
        require_steps_left(config, earlier.step)
    return PreparedRun(config, corpora, tokenizer, task, micro_batch, common, earlier)


def pretraining(config: PretrainConfig, tokenizer: Tokenizer) -> Pretraining:
    """Returns the pretraining task. The settings must be adapted to the corpora (see `fit_to_corpora`)."""
    return Pretraining(config.objectives, config.model, tokenizer, config.seed)


def fit_to_corpora(config: Config, corpora: Sequence[OpenCorpus], tokenizer: Tokenizer) -> Config:
    """Returns the settings with the vocabulary and the grid of the corpora in the model.

    Raises:
        UsageError: the user has set another vocabulary or grid.
    """
    index = corpora[0].index
    model = replace(config.model.with_tokenizer(tokenizer), grid_rows=index.grid_rows, grid_cols=index.grid_cols)
    require_agreement(config.given_from_corpus, config.model, model)
    return replace(config, model=model)


def facts(config: TrainingConfig, corpora: Sequence[OpenCorpus], tokenizer: Tokenizer, task: Task) -> dict[str, Any]:
    """Returns the settings that must be the same in two runs, if one resumes from a checkpoint of the other.

    Only the paths of the corpora may differ, because a corpus may be moved. They name a changed corpus in messages.
    """
    settings = ("seed", "global_batch", "val_share", "shuffle_shards", "zero_stage", "dtype", *PAGE_CHANGES)
    return {
        CORPUS: [[_content(corpus.index), corpus.weight] for corpus in corpora],
        CORPUS_PATHS: [corpus.path for corpus in corpora],
        "tokenizer": tokenizer.sha256[:16],
        "ranks": distributed.world_size(),
        **({ITEMS: pages.digest()} if isinstance(pages := corpora[0].train, ItemPages) else {}),
        **{name: getattr(config, name) for name in settings if hasattr(config, name)},
        "model": asdict(config.model),
        **task.facts(),
    }


def _content(index: CorpusIndex) -> str:
    """Returns 16 hex digits that identify all samples of a corpus."""
    content = "\n".join([index.fingerprint, *(shard.sha256 for shard in index.shards)])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def require_steps_left(config: RunSettings, step: int) -> None:
    """Checks that a run is not beyond `--max_steps`.

    Args:
        step: step of the newest checkpoint.

    Raises:
        UsageError: it is.
    """
    if step > config.max_steps:
        raise UsageError(
            f"--output {config.output} is already at step {step}, beyond --max_steps {config.max_steps}: "
            f"pass more than {step}, or choose another directory."
        )


def build_engine(prepared: PreparedRun) -> tuple[Any, dict[str, float]]:
    """Connects the ranks and builds the engine. Collective: all ranks call it.

    Returns:
        DeepSpeed's engine around the model with its initial weights, and the `lr_scale` of each parameter by name.
    """
    config = prepared.config
    torch.manual_seed(config.seed)
    model = DocFormerV2(config.model, prepared.task.make_heads)
    scales = starting_scales(model, config, prepared.tokenizer, prepared.earlier)
    return start_engine(model, config, prepared.micro_batch, scales), scales
