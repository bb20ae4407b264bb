"""What a run needs before it starts: settings that fit its corpora, a task, checks of what can be wrong, an engine."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import torch

from schemas import CorpusIndex, Tokenizer, UsageError
from trainer import distributed
from trainer.checkpoints.manifest import Checkpoint
from trainer.checkpoints.store import newest_checkpoint, require_same
from trainer.checkpoints.upload import require_uploads
from trainer.data.corpora import OpenCorpus, open_corpora
from trainer.data.sample_order import micro_batch_size
from trainer.engine.parameter_groups import lr_scales
from trainer.engine.start import start_engine
from trainer.model.docformer import DocFormerV2
from trainer.model.t5_import import import_t5
from trainer.run.directory import make_cache, require_run_dir
from trainer.run.wandb_log import require_wandb
from trainer.settings.pretrain import PretrainConfig
from trainer.settings.run import RunSettings
from trainer.settings.training import TrainingConfig
from trainer.tasks.base import Task
from trainer.tasks.pretraining.task import Pretraining

CHECKPOINTS_DIR = "checkpoints"
Config = TypeVar("Config", bound=TrainingConfig)
MakeTask = Callable[[Any, Tokenizer], Task]
"""Makes a task from the settings of a command, whose model fits the corpora, and the tokenizer of the corpora."""


@dataclass(frozen=True)
class PreparedRun:
    """A run that may start.

    Attributes:
        config: the model in it fits the corpora.
        micro_batch: pages that a rank holds at a time.
        facts: what a run must have in common with this one to go on from its checkpoints.
        earlier: the newest checkpoint of a run that goes on, by its manifest.
    """

    config: TrainingConfig
    corpora: list[OpenCorpus]
    tokenizer: Tokenizer
    task: Task
    micro_batch: int
    facts: dict[str, Any]
    earlier: Checkpoint | None


def prepare(config: TrainingConfig, make_task: MakeTask) -> PreparedRun:
    """Finds all that can be wrong before the ranks meet, so that none is left waiting for another.

    Raises:
        UsageError: settings, corpus and what the run has done do not fit together.
    """
    if config.wandb_project:
        require_wandb()
    require_run_dir(config.output)
    require_uploads(config.upload_to, Path(config.output))
    corpora, tokenizer = open_corpora(config)
    make_cache(config, corpora)
    config = fit_to_corpora(config, corpora, tokenizer)
    task = make_task(config, tokenizer)
    micro_batch = micro_batch_size(config.global_batch, config.micro_batch, distributed.world_size())
    common = facts(config, corpora, tokenizer, task)
    earlier = newest_checkpoint(Path(config.output, CHECKPOINTS_DIR))
    if earlier is not None:
        require_same(earlier.facts, common, config.output, but=["ranks"] if config.change_ranks else [])
        require_steps_left(config, earlier.step)
    return PreparedRun(config, corpora, tokenizer, task, micro_batch, common, earlier)


def pretraining(config: PretrainConfig, tokenizer: Tokenizer) -> Pretraining:
    """Returns the task of pretraining under settings that fit the corpora."""
    return Pretraining(config.objectives, config.model, tokenizer, config.seed)


def fit_to_corpora(config: Config, corpora: Sequence[OpenCorpus], tokenizer: Tokenizer) -> Config:
    """Returns the settings with the model's vocabulary and grid as the corpora have them."""
    index = corpora[0].index
    model = config.model.with_tokenizer(tokenizer)
    return replace(config, model=replace(model, grid_rows=index.grid_rows, grid_cols=index.grid_cols))


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


def require_steps_left(config: RunSettings, step: int) -> None:
    """Raises `UsageError` where a run is farther than it is asked to go."""
    if step > config.max_steps:
        raise UsageError(
            f"--output {config.output} is at step {step} already, beyond --max_steps {config.max_steps}: "
            f"ask for more than {step}, or take another."
        )


def build_engine(prepared: PreparedRun) -> tuple[Any, dict[str, float]]:
    """Lets the ranks meet; returns the engine around the model at its start, and the scales of its learning rates."""
    config = prepared.config
    torch.manual_seed(config.seed)
    model = DocFormerV2(config.model, prepared.task.heads)
    scales = starting_scales(model, config, prepared.earlier)
    return start_engine(model, config, prepared.micro_batch, scales), scales


def starting_scales(model: DocFormerV2, settings: RunSettings, earlier: Checkpoint | None) -> dict[str, float]:
    """Imports the T5 of a run that begins at one; returns the `lr_scale` of each parameter by name.

    A resumed run takes its weights from a checkpoint and reads no T5, which may be gone. The scales are those of the
    weights at the start, so a run from a T5 has them in its checkpoints; fresh weights are drawn again.

    Args:
        earlier: the run's newest checkpoint, of a run that is resumed.

    Raises:
        UsageError: the T5 does not fit, or the run was begun otherwise.
    """
    if earlier is not None:
        if bool(earlier.lr_scales) != bool(settings.init_from):
            begun, do = ("at a T5", "give") if earlier.lr_scales else ("at random weights", "leave out")
            where = f"--output {settings.output} holds a run that began {begun}"
            raise UsageError(f"{where}: {do} --init_from, or take another.")
        return earlier.lr_scales or lr_scales(model)
    if settings.init_from:
        import_t5(model, settings.init_from)
    return lr_scales(model)
