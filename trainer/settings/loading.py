"""Loads the settings of a run from their sources.

Later sources override earlier ones: the defaults of the dataclasses, `configs/<size>.yaml`, `--config FILE`, flags, and
overrides `a.b=c`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigKeyError, OmegaConfBaseException
from yaml import YAMLError

from schemas import UsageError
from schemas.support.home import expanded_path
from schemas.support.nearest import nearest
from trainer.model.config import MODEL_SIZES
from trainer.settings.pretrain import SECTIONS, PretrainConfig, setting_types
from trainer.settings.training import TrainingConfig

CONFIG_DIR = Path(__file__).parent.parent / "configs"


def load_config(
    size: str,
    file: str | None = None,
    flag_values: Mapping[str, str | list[str]] | None = None,
    overrides: Iterable[str] = (),
) -> PretrainConfig:
    """Returns the settings of a run.

    Args:
        size: a key of `MODEL_SIZES`.
        file: path of a YAML file with any keys of `PretrainConfig`.
        flag_values: top-level keys and their values as typed on the command line.
        overrides: strings of the form `a.b=c`.

    Raises:
        UsageError: a size, file, key or value is unknown. For a key, the message names the most similar one.
    """
    if size not in MODEL_SIZES:
        raise UsageError(f"--model {size}: choose one of {', '.join(MODEL_SIZES)}")
    settings = OmegaConf.structured(PretrainConfig(model=MODEL_SIZES[size]))
    settings = _merge(settings, _read_yaml(CONFIG_DIR / f"{size}.yaml"), f"configs/{size}.yaml")
    if file is not None:
        settings = _merge(settings, _read_yaml(expanded_path(file)), file)
    for name, value in (flag_values or {}).items():
        settings = _merge(settings, OmegaConf.create({name: value}), f"--{name} {value}")
    for override in overrides:
        settings = _merge(settings, _parse(override), override)
    try:
        return cast(PretrainConfig, OmegaConf.to_object(settings))
    except OmegaConfBaseException as error:
        raise UsageError(_first_line(error)) from error


def to_yaml(config: TrainingConfig) -> str:
    """Returns the settings as the text of a YAML file that `--config` accepts."""
    return OmegaConf.to_yaml(OmegaConf.structured(config))


def _read_yaml(path: Path) -> DictConfig:
    try:
        content = OmegaConf.load(path)
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise UsageError(f"--config {path} cannot be read: {error}") from error
    if not isinstance(content, DictConfig):
        raise UsageError(f"--config {path} contains no `key: value` settings")
    return content


def _parse(override: str) -> DictConfig:
    if "=" not in override:
        raise UsageError(f"{override}: expected key=value, as in optimizer.learning_rate=1e-3")
    try:
        return OmegaConf.from_dotlist([override])
    except (YAMLError, OmegaConfBaseException) as error:
        raise UsageError(f"{override}: {_first_line(error)}") from error


def _merge(settings: DictConfig, changes: DictConfig, source: str) -> DictConfig:
    # OmegaConf makes the settings of frozen dataclasses read-only, but here they are still being merged.
    for node in (settings, settings.model, settings.objectives, settings.optimizer):
        OmegaConf.set_readonly(node, False)
    try:
        _require_sections(changes, source)
        return cast(DictConfig, OmegaConf.merge(settings, changes))
    except ConfigKeyError as error:
        near = nearest(str(error.full_key), [*setting_types(), *SECTIONS])
        advice = f"did you mean {near}?" if near else "--help and RUN/config.yaml list all settings"
        raise UsageError(f"{source}: there is no setting {error.full_key}; {advice}") from error
    except OmegaConfBaseException as error:
        advice = ": use true or false" if setting_types().get(str(error.full_key)) == "bool" else ""
        raise UsageError(f"{source}: {_first_line(error)}{advice}") from error


def _require_sections(changes: DictConfig, source: str) -> None:
    """Raises `UsageError` if a list or a section got a single value: OmegaConf's own message would be unclear."""
    for name, value in cast("dict[str, Any]", OmegaConf.to_container(changes)).items():
        if name == "corpus" and not isinstance(value, list):
            raise UsageError(f"{source}: use --corpus {value}, or in YAML corpus: [{value}]")
        if name == "model" and str(value) in MODEL_SIZES:
            raise UsageError(f"{source}: use --model {value}")
        if name in (*SECTIONS, "deepspeed") and not isinstance(value, dict):
            raise UsageError(f"{source}: {name} is a section: set one of its keys, as in {name}.KEY=VALUE")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
