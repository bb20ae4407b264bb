"""The settings of `pretrain.py`."""

from __future__ import annotations

from dataclasses import dataclass, field

from trainer.settings.data import CorpusSettings
from trainer.settings.training import TrainingConfig
from trainer.tasks.pretraining.objectives import ObjectivesConfig


@dataclass(frozen=True)
class PretrainConfig(TrainingConfig, CorpusSettings):
    """The settings of a pretraining run.

    Raises:
        UsageError: a value is out of its range.
    """

    objectives: ObjectivesConfig = field(default_factory=ObjectivesConfig)
