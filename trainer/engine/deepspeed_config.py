"""The DeepSpeed config of a run, and what DeepSpeed cannot make sense of in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from deepspeed.runtime.config import DeepSpeedConfig
from omegaconf import OmegaConf
from pydantic import ValidationError

from schemas import UsageError
from schemas.support.nearest import nearest
from trainer.settings.engine import EngineSettings


def deepspeed_config(settings: EngineSettings, micro_batch: int) -> dict[str, Any]:
    """Returns the DeepSpeed config of a run, with its `deepspeed` section laid over.

    Raises:
        UsageError: DeepSpeed refuses it, or would not look at a part of it.
    """
    ours = {
        "train_batch_size": settings.global_batch,
        "train_micro_batch_size_per_gpu": micro_batch,
        "zero_optimization": {"stage": settings.zero_stage},
        "zero_allow_untested_optimizer": True,  # it knows AdamW by its exact type, and ours is a kind of it
        "zero_force_ds_cpu_optimizer": False,  # nor one of its own where the optimizer is offloaded
        # GuardedAdamW looks at the norm, so that DeepSpeed need not search each gradient for what is not finite.
        "bf16": {"enabled": settings.dtype == "bf16", "check_grad_overflow": False},
        "gradient_clipping": settings.optimizer.clip_norm,
        "timers": {"throughput": {"enabled": False}},  # it would wait for the device twice a micro-batch
    }
    merged = cast("dict[str, Any]", OmegaConf.to_container(OmegaConf.merge(ours, settings.deepspeed)))
    _require_understood(merged, given=settings.deepspeed)
    return merged


class _Watched(dict[str, Any]):
    """Notes which keys are looked for: DeepSpeed has no list of those it knows, and passes over all others."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.sought: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.sought.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.sought.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.sought.add(str(key))
        return super().__contains__(key)


def _require_understood(settings: dict[str, Any], given: Iterable[str]) -> None:
    watched = _Watched(settings)
    try:
        DeepSpeedConfig(watched)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(f"deepspeed: {place}: {first['msg']} ({error.title}, {first['input']!r})") from error
    except (ValueError, AssertionError, TypeError, AttributeError) as error:  # the latter two of a value for a section
        raise UsageError(f"deepspeed ({', '.join(given)}): {error}") from error
    for key in settings.keys() - watched.sought:
        near = nearest(key, sorted(watched.sought))
        raise UsageError(f"deepspeed.{key}: DeepSpeed has no such key" + (f"; did you mean {near}?" if near else ""))
