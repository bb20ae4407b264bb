"""Keys that something else decides: keys of DeepSpeed by our own settings, keys of the model by the corpora."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from schemas import UsageError

FROM_CORPUS = ("vocab_size", "pad_id", "eos_id", "grid_rows", "grid_cols")
"""Keys of the section `model` that the corpora and their tokenizer decide."""

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
"""Keys of DeepSpeed that are not allowed in a `deepspeed` section, and the settings that determine them."""


def require_unreserved(section: Mapping[str, Any]) -> None:
    """Checks that a `deepspeed` section has none of the reserved keys.

    Raises:
        UsageError: it has one. The message names the setting to use instead.
    """
    for key in _keys(section, ""):
        if key in SET_BY:
            raise UsageError(f"deepspeed.{key} is determined by other settings here: use {SET_BY[key]}")


def require_agreement(given: Iterable[str], ours: object, decided: object) -> None:
    """Checks that the given keys of the model have the values that the corpora decide.

    Args:
        given: those of `FROM_CORPUS` that the user has set.
        ours: the `ModelConfig` as set by the user.
        decided: the `ModelConfig` adapted to the corpora.

    Raises:
        UsageError: a value differs. The message names all that differ.
    """
    wrong = [name for name in given if getattr(ours, name) != getattr(decided, name)]
    if wrong:
        values = ", ".join(f"model.{name}={getattr(ours, name)} (corpus: {getattr(decided, name)})" for name in wrong)
        what, them = ("this setting", "it") if len(wrong) == 1 else ("these settings", "them")
        raise UsageError(f"{values}: the corpus decides {what}, leave {them} out")


def _keys(section: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for name, value in section.items():
        yield f"{prefix}{name}"
        if isinstance(value, Mapping):
            yield from _keys(value, f"{prefix}{name}.")
