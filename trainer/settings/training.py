"""The settings that every training command has."""

from __future__ import annotations

from dataclasses import dataclass

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
