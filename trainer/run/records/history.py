"""The settings of a run in `RUN/config.yaml`, and what changed at each start that resumed it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from schemas import UsageError
from trainer.engine.schedule import learning_rate
from trainer.settings.optimizer import OptimizerConfig
from trainer.settings.reading.changes import changes
from trainer.settings.reading.loading import to_yaml
from trainer.settings.training import TrainingConfig

CONFIG_NAME = "config.yaml"
FROM_STEP = "# from step "
JUMP = 1.25  # smallest ratio of two learning rates that is reported


def record_settings(config: TrainingConfig, run_dir: Path, step: int) -> list[str]:
    """Writes the settings to `RUN/config.yaml`. Comments at its top keep what changed at earlier starts.

    Args:
        config: the settings of this start.
        run_dir: the directory of the run.
        step: optimizer steps so far.

    Returns:
        A line for each setting that changed since the last start, and one if the learning rate jumps.
    """
    path = run_dir / CONFIG_NAME
    text = to_yaml(config)
    before, history = _read(path)
    changed = changes(before, _settings(text)) if before else []
    history += [f"{FROM_STEP}{step + 1}: {line}" for line in changed]
    path.write_text("".join(f"{line}\n" for line in history) + text, encoding="utf-8")
    return changed + _jump(before, config, step)


def _read(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Returns the settings of the last start and the comments on earlier changes; nothing if they cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
        settings = _settings(text)
    except (OSError, UnicodeDecodeError, YAMLError, OmegaConfBaseException):
        return {}, []
    history = [line for line in text.splitlines() if line.startswith(FROM_STEP)]
    return settings, history


def _settings(text: str) -> dict[str, Any]:
    content = OmegaConf.to_container(OmegaConf.create(text))
    return {str(name): value for name, value in content.items()} if isinstance(content, dict) else {}


def _jump(before: dict[str, Any], config: TrainingConfig, step: int) -> list[str]:
    """Returns a line if the first learning rate of this start is not close to the last one of the start before."""
    if step in (0, config.max_steps):
        return []
    try:
        known = {item.name for item in fields(OptimizerConfig)}
        optimizer = OptimizerConfig(**{name: before["optimizer"][name] for name in known & before["optimizer"].keys()})
        old = learning_rate(step, before["max_steps"], optimizer)
    except (KeyError, TypeError, AttributeError, UsageError):
        return []
    new = learning_rate(step + 1, config.max_steps, config.optimizer)
    if old == 0 or 1 / JUMP < new / old < JUMP:
        return []
    return [
        f"the learning rate jumps from {old:.1e} in step {step} to {new:.1e} in step {step + 1}: its schedule depends "
        "on --max_steps and on the section optimizer"
    ]
