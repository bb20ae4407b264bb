"""The settings that every training command has, and their flags.

Every field of a part with a help text is a flag, that is, another way to write a top-level key. The sections take
`section.key=value`.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, dataclass, fields
from typing import Any

from trainer.model.config import MODEL_SIZES, ModelConfig
from trainer.settings.data import DataSettings
from trainer.settings.engine import EngineSettings
from trainer.settings.part import SettingsPart
from trainer.settings.run import RunSettings

PARTS: dict[str, type[SettingsPart]] = {"data": DataSettings, "run": RunSettings, "engine": EngineSettings}
"""The parts by the name under which `--help` lists their flags."""


@dataclass(frozen=True)
class TrainingConfig(EngineSettings, RunSettings, DataSettings):
    """All parts and the model. A command's settings inherit from it and add the section of their task."""

    model: ModelConfig = MODEL_SIZES["small"]


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


def as_typed(name: str) -> str:
    """Returns a setting's name as the command line takes it: `--seed`, `model.d_model`."""
    return f"--{name}" if name in flags() else name
