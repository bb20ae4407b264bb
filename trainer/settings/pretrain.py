"""The settings of `pretrain.py`, and the names and types of all of them."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from trainer.model.config import ModelConfig
from trainer.settings.optimizer import OptimizerConfig
from trainer.settings.training import TrainingConfig
from trainer.tasks.pretraining.objectives import ObjectivesConfig

SECTIONS = {"model": ModelConfig, "objectives": ObjectivesConfig, "optimizer": OptimizerConfig}


@dataclass(frozen=True)
class PretrainConfig(TrainingConfig):
    """The settings of a pretraining run.

    Raises:
        UsageError: a value is out of its range.
    """

    objectives: ObjectivesConfig = field(default_factory=ObjectivesConfig)


def setting_types() -> dict[str, str]:
    """Returns the annotated type of every setting, by its name, such as `seed` or `model.d_model`."""
    types = {item.name: str(item.type) for item in fields(PretrainConfig) if "help" in item.metadata}
    for section, kind in SECTIONS.items():
        types |= {f"{section}.{item.name}": str(item.type) for item in fields(kind)}
    return types
