"""The settings that all training commands share, and their flags.

Every field with a help text is also a flag: `--seed 7` sets the top-level key `seed`. Keys of sections have no flags;
they are set by `section.key=value`.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any

from trainer.model.config import MODEL_SIZES, ModelConfig
from trainer.settings.data import DataSettings
from trainer.settings.engine import EngineSettings
from trainer.settings.part import SettingsPart
from trainer.settings.run import RunSettings

PARTS: dict[str, type[SettingsPart]] = {"data": DataSettings, "run": RunSettings, "engine": EngineSettings}
"""The parts of the settings, by the heading under which `--help` lists their flags."""


@dataclass(frozen=True)
class TrainingConfig(EngineSettings, RunSettings, DataSettings):
    """All parts and the model. The settings of a command inherit from it and add the section of their task.

    Attributes:
        model: the section `model`.
        given_from_corpus: the keys of the model that the corpora decide but the user has set. Not a setting itself.

    Raises:
        UsageError: a value is out of its range.
    """

    model: ModelConfig = MODEL_SIZES["small"]
    given_from_corpus: tuple[str, ...] = field(default=(), compare=False, metadata={"omegaconf_ignore": True})


def flags_by_part() -> dict[str, dict[str, str]]:
    """Returns the flags of each part and their help texts, which end with the default."""
    return {
        part: {item.name: item.metadata["help"] + _default_of(item) for item in fields(kind) if "help" in item.metadata}
        for part, kind in PARTS.items()
    }


def flags() -> list[str]:
    """Returns the name of every flag."""
    return [name for part in flags_by_part().values() for name in part]


def _default_of(item: Field[Any]) -> str:
    return "" if item.default in ("", MISSING) else f" ({item.default})"


def as_typed(name: str) -> str:
    """Returns the name of a setting as it is typed on the command line: `--seed`, `model.d_model`."""
    return f"--{name}" if name in flags() else name
