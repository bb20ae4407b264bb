"""The initial weights of a run: random ones, those of a T5, or those of an earlier Folio run or model."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from schemas import FolioError, Tokenizer, UsageError
from trainer.checkpoints.engine_state import whole_weights
from trainer.checkpoints.manifest import Checkpoint
from trainer.checkpoints.store import CHECKPOINTS_DIR, newest_sound_checkpoint
from trainer.engine.parameter_groups import lr_scales
from trainer.model.config import ModelConfig
from trainer.model.docformer import DocFormerV2
from trainer.model.export import MODEL_DIR, is_exported, read_config, read_steps, read_tokenizer, read_weights
from trainer.model.t5_import import import_t5
from trainer.run.directory import BEST_NAME
from trainer.settings.run import RunSettings

logger = logging.getLogger("trainer")

# Settings that may differ between a run and the model it starts from: those of training, and those of the heads.
FREE = ("dropout", "activation_checkpointing", "grid_rows", "grid_cols", "line_classes")


def starting_scales(
    model: DocFormerV2, settings: RunSettings, tokenizer: Tokenizer, earlier: Checkpoint | None
) -> dict[str, float]:
    """Sets the initial weights from `--init_from`, if it is given. Returns the `lr_scale` of each parameter by name.

    The scales are those of the initial weights. A run that started from other weights reads them from its checkpoint
    when it is resumed. It does not read those weights again, which may have been moved. For a run that started from
    random weights the same weights are drawn again.

    Args:
        model: the model to change in place.
        tokenizer: the tokenizer of the corpora.
        earlier: the newest checkpoint if the run is resumed, otherwise None.

    Raises:
        UsageError: the weights do not fit the model, or `--init_from` does not match the earlier start of the run.
    """
    if earlier is not None:
        if bool(earlier.lr_scales) != bool(settings.init_from):
            start, do = ("other weights", "pass") if earlier.lr_scales else ("random weights", "omit")
            what = f"--output {settings.output} holds a run that started from {start}"
            raise UsageError(f"{what}: {do} --init_from, or choose another directory.")
        return earlier.lr_scales or lr_scales(model)
    if settings.init_from:
        _initialize(model, Path(settings.init_from), tokenizer)
    return lr_scales(model)


@dataclass(frozen=True)
class _Trained:
    """The weights of an earlier run or model.

    Attributes:
        place: the folder they were read from.
        config: the settings of the model.
        tokenizer: the first 16 hex digits of the SHA-256 of the tokenizer.
        weights: the weights by name, with or without those of the heads.
    """

    place: Path
    config: ModelConfig
    tokenizer: str
    weights: Mapping[str, Tensor]


def _initialize(model: DocFormerV2, path: Path, tokenizer: Tokenizer) -> None:
    try:
        trained = _read(path)
    except FolioError as error:
        raise UsageError(f"--init_from {error}") from error
    if trained is None:
        import_t5(model, path)
        return
    _require_same_network(trained, model.config, tokenizer)
    fresh = _copy(trained, model)
    logger.info(f"starts from the weights of {trained.place}{', with new heads' if fresh else ''}")


def _read(path: Path) -> _Trained | None:
    """Reads an exported model, the best weights of a fine-tuned run, or the newest ones of another run.

    Returns None if the folder is none of these.
    """
    exported = next((place for place in (path, path / MODEL_DIR) if is_exported(place)), None)
    is_finetuned = (path / BEST_NAME).exists()
    checkpoint = None if is_finetuned else newest_sound_checkpoint(path / CHECKPOINTS_DIR)
    if checkpoint is not None and (exported is None or read_steps(exported) < checkpoint.step):
        place, facts = path / CHECKPOINTS_DIR / checkpoint.name, checkpoint.facts
        try:
            config = ModelConfig(**facts["model"])
        except TypeError as error:
            raise FolioError(f"{place} was written by another version of Folio: {error}.") from error
        return _Trained(place, config, facts["tokenizer"], whole_weights(place.parent, checkpoint))
    if exported is not None:
        tokenizer = read_tokenizer(exported).sha256[:16]
        return _Trained(exported, read_config(exported), tokenizer, read_weights(exported, heads=True))
    return None


def _require_same_network(trained: _Trained, ours: ModelConfig, tokenizer: Tokenizer) -> None:
    what = f"--init_from {trained.place}"
    if trained.tokenizer != tokenizer.sha256[:16]:
        raise UsageError(
            f"{what} was trained with a different tokenizer (sha256 {trained.tokenizer}) than the corpus "
            f"({tokenizer.name}, sha256 {tokenizer.sha256[:16]}): make a corpus for it with pipelines.retokenize."
        )
    for name, theirs in asdict(trained.config).items():
        if name not in FREE and theirs != getattr(ours, name):
            raise UsageError(
                f"{what} has model.{name} {theirs}, this run has {getattr(ours, name)}: "
                f"use a different --model, or set model.{name}={theirs}."
            )


def _copy(trained: _Trained, model: DocFormerV2) -> list[str]:
    """Copies the weights into the model. Returns the names of the weights of heads that the source does not have."""
    own = dict(model.named_parameters())  # tied weights are listed once
    fitting = {name for name in own if name in trained.weights and trained.weights[name].shape == own[name].shape}
    different = sorted(own.keys() - fitting)
    for name in different:
        if not name.startswith("heads."):
            raise UsageError(f"--init_from {trained.place} does not fit its settings at {name}: export it again.")
    with torch.no_grad():
        for name in fitting:
            if not trained.weights[name].isfinite().all():
                raise UsageError(f"--init_from {trained.place}: {name} is not finite: use an earlier checkpoint.")
            own[name].copy_(trained.weights[name])
    return different
