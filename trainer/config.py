"""The settings of `pretrain.py`, and what its flags and keys are called.

Every field with a help text is a flag, that is, another way to write a top-level key. The sections take
`section.key=value`.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any

from trainer.model.config import ModelConfig
from trainer.settings.optimizer import OptimizerConfig
from trainer.settings.training import PARTS, TrainingConfig
from trainer.tasks.pretraining.objectives import ObjectivesConfig

SECTIONS = {"model": ModelConfig, "objectives": ObjectivesConfig, "optimizer": OptimizerConfig}


@dataclass(frozen=True)
class PretrainConfig(TrainingConfig):
    """One run of pretraining.

    Raises:
        UsageError: a value out of its range.
    """

    objectives: ObjectivesConfig = field(default_factory=ObjectivesConfig)


def flags_by_part() -> dict[str, dict[str, str]]:
    """Returns, for each part of the settings, the names of its flags and their help texts, which end with defaults."""
    return {
        part: {item.name: item.metadata["help"] + _default_of(item) for item in fields(kind) if "help" in item.metadata}
        for part, kind in PARTS.items()
    }


def flags() -> list[str]:
    """Returns the name of every flag."""
    return [name for part in flags_by_part().values() for name in part]


def _default_of(item: Field[Any]) -> str:
    return "" if item.default in ("", MISSING) else f" ({item.default})"


def setting_types() -> dict[str, str]:
    """Returns the type of every setting, as it is annotated, by its name: `seed`, `model.d_model`."""
    types = {item.name: str(item.type) for item in fields(PretrainConfig) if "help" in item.metadata}
    for section, kind in SECTIONS.items():
        types |= {f"{section}.{item.name}": str(item.type) for item in fields(kind)}
    return types


def as_typed(name: str) -> str:
    """Returns a setting's name as the command line takes it: `--seed`, `model.d_model`."""
    return f"--{name}" if name in flags() else name
