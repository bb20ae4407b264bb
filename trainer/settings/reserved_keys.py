"""Keys of DeepSpeed that Folio's own settings determine. They are not allowed in a `deepspeed` section."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from schemas import UsageError

SET_BY = {
    "train_batch_size": "--global_batch",
    "train_micro_batch_size_per_gpu": "--micro_batch",
    "gradient_accumulation_steps": "--global_batch and --micro_batch",
    "managed_gradient_accumulation": "--global_batch and --micro_batch",
    "elasticity": "--global_batch and --micro_batch",
    "zero_optimization.stage": "--zero_stage",
    "bf16.enabled": "--dtype",
    "bfloat16": "--dtype",
    "fp16": "--dtype",
    "amp": "--dtype",
    "torch_autocast": "--dtype",
    "gradient_clipping": "optimizer.clip_norm",
    "optimizer": "optimizer.learning_rate and the other keys of the section optimizer",
    "scheduler": "optimizer.warmup_steps and optimizer.final_lr_share",
}


def require_unreserved(section: Mapping[str, Any]) -> None:
    """Checks that a `deepspeed` section has none of the reserved keys.

    Raises:
        UsageError: it has one. The message names the setting to use instead.
    """
    for key in _keys(section, ""):
        if key in SET_BY:
            raise UsageError(f"deepspeed.{key} is determined by other settings here: use {SET_BY[key]}")


def _keys(section: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for name, value in section.items():
        yield f"{prefix}{name}"
        if isinstance(value, Mapping):
            yield from _keys(value, f"{prefix}{name}.")
