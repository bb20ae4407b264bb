"""Loads the settings of a run from their sources.

Later sources override earlier ones: the defaults of the dataclasses, `configs/<size>.yaml`, `--config FILE`, flags, and
overrides `a.b=c`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, cast

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigKeyError, OmegaConfBaseException

from schemas import UsageError
from schemas.support.home import expanded_path
from trainer.model.config import MODEL_SIZES
from trainer.settings.pretrain import PretrainConfig
from trainer.settings.reading.advice import advice_for
from trainer.settings.reading.reserved_keys import FROM_CORPUS
from trainer.settings.reading.source import Source, first_line, from_file, from_flag, from_override
from trainer.settings.training import TrainingConfig, sections, setting_types

CONFIG_DIR = Path(__file__).parents[2] / "configs"
KINDS = {
    "int": "a whole number",
    "int | None": "a whole number or null",
    "float": "a number",
    "bool": "true or false",
    "str": "text",
}


Config = TypeVar("Config", bound=TrainingConfig)


def load_config(
    size: str,
    file: str | None = None,
    flag_values: Mapping[str, str | list[str]] | None = None,
    overrides: Iterable[str] = (),
) -> PretrainConfig:
    """Returns the settings of a pretraining run.

    Args:
        size: a key of `MODEL_SIZES`.
        file: path of a YAML file with any keys of `PretrainConfig`.
        flag_values: top-level keys and their values as typed on the command line.
        overrides: strings of the form `a.b=c`.

    Raises:
        UsageError: a size, file, key or value is unknown. For a key, the message names the setting that was meant.
    """
    if size not in MODEL_SIZES:
        raise UsageError(f"--model {size}: choose one of {', '.join(MODEL_SIZES)}")
    return merged(PretrainConfig(model=MODEL_SIZES[size]), f"{size}.yaml", file, flag_values, overrides)


def merged(
    start: Config,
    defaults: str,
    file: str | None = None,
    flag_values: Mapping[str, str | list[str]] | None = None,
    overrides: Iterable[str] = (),
) -> Config:
    """Returns settings with the values of all sources.

    Args:
        start: the settings before any source.
        defaults: the name of the first source, a YAML file in `configs/`.
        file: see `load_config`; likewise `flag_values` and `overrides`.

    Raises:
        UsageError: see `load_config`.
    """
    given = [] if file is None else [from_file(expanded_path(file))]
    given += [from_flag(name, value) for name, value in (flag_values or {}).items()]
    given += [from_override(text) for text in overrides]
    settings = OmegaConf.structured(start)
    for source in (from_file(CONFIG_DIR / defaults), *given):
        settings = _merge(settings, source, type(start))
    config: Config = _to_dataclass(settings)
    in_model = {key for source in given for key in source.values.get("model", {})}
    return replace(config, given_from_corpus=tuple(key for key in FROM_CORPUS if key in in_model))


def to_yaml(config: TrainingConfig) -> str:
    """Returns the settings as the text of a YAML file that `--config` accepts."""
    return OmegaConf.to_yaml(OmegaConf.structured(config))


def _merge(settings: DictConfig, source: Source, kind: type[TrainingConfig]) -> DictConfig:
    # OmegaConf makes the settings of frozen dataclasses read-only, but here they are still being merged.
    for node in (settings, *(settings[name] for name in sections(kind))):
        OmegaConf.set_readonly(node, False)
    _require_shapes(source, kind)
    try:
        return cast(DictConfig, OmegaConf.merge(settings, source.values))
    except ConfigKeyError as error:
        key = str(error.full_key)
        raise UsageError(f"{source.where(key)}there is no setting {key}{advice_for(key, kind, flag=False)}") from error
    except OmegaConfBaseException as error:
        key = re.sub(r"\[.*", "", str(error.full_key))  # a list reports its item
        raise _wrong_value(source, key, kind) from error


def _to_dataclass(settings: DictConfig) -> Any:
    try:
        return OmegaConf.to_object(settings)
    except OmegaConfBaseException as error:  # values are already checked, so it is a reference ${...} in one
        raise UsageError(f"{error.full_key}: {first_line(error)}") from error


def _require_shapes(source: Source, kind: type[TrainingConfig]) -> None:
    """Raises `UsageError` if a list or a section got something else: OmegaConf's own message would be unclear."""
    for name, value in cast("dict[str, Any]", OmegaConf.to_container(source.values)).items():
        if name == "corpus" and not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
            if isinstance(value, str):
                raise UsageError(f"{source.named(name)}: use --corpus {value}, or in YAML corpus: [{value}]")
            raise _wrong_value(source, name, kind)
        if name == "model" and str(value) in MODEL_SIZES:
            raise UsageError(f"{source.named(name)}: use --model {value}")
        if name in (*sections(kind), "deepspeed") and not isinstance(value, dict):
            raise UsageError(
                f"{source.named(name)} is a section, got {_shown(value)}: set one of its keys, as in {name}.KEY=VALUE"
            )


def _wrong_value(source: Source, key: str, kind: type[TrainingConfig]) -> UsageError:
    annotation = setting_types(kind).get(key, "")
    choices = re.findall(r"'(\w+)'", annotation)
    expected = " or ".join(choices) if choices else KINDS.get(annotation, "a list of texts")
    return UsageError(f"{source.named(key)} must be {expected}, got {_shown(source.value(key))}")


def _shown(value: Any) -> str:
    return "nothing" if value in (None, "") else str(value)
