"""Makes the DeepSpeed config of a run and rejects keys and values that DeepSpeed does not accept."""

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
    """Returns the DeepSpeed config of a run. Its `deepspeed` section is merged last and overrides our values.

    Args:
        micro_batch: pages that one rank processes at a time.

    Raises:
        UsageError: DeepSpeed rejects the config, or would ignore one of its keys.
    """
    ours = {
        "train_batch_size": settings.global_batch,
        "train_micro_batch_size_per_gpu": micro_batch,
        "zero_optimization": {"stage": settings.zero_stage},
        "zero_allow_untested_optimizer": True,  # DeepSpeed accepts only AdamW itself; GuardedAdamW is a subclass
        "zero_force_ds_cpu_optimizer": False,  # keep GuardedAdamW, not DeepSpeed's own, for an offloaded optimizer
        # GuardedAdamW checks the norm, so DeepSpeed need not search every gradient for values that are not finite.
        "bf16": {"enabled": settings.dtype == "bf16", "check_grad_overflow": False},
        "gradient_clipping": settings.optimizer.clip_norm,
        "timers": {"throughput": {"enabled": False}},  # it would synchronise with the device twice per micro-batch
    }
    merged = cast("dict[str, Any]", OmegaConf.to_container(OmegaConf.merge(ours, settings.deepspeed)))
    _require_accepted(merged, given=settings.deepspeed)
    return merged


class _Watched(dict[str, Any]):
    """Records which keys are read: DeepSpeed has no list of the keys it knows and silently ignores all others."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.read_keys: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.read_keys.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.read_keys.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.read_keys.add(str(key))
        return super().__contains__(key)


def _require_accepted(settings: dict[str, Any], given: Iterable[str]) -> None:
    watched = _Watched(settings)
    try:
        DeepSpeedConfig(watched)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(f"deepspeed: {place}: {first['msg']} ({error.title}, {first['input']!r})") from error
    # TypeError and AttributeError: a single value in place of a section.
    except (ValueError, AssertionError, TypeError, AttributeError) as error:
        raise UsageError(f"deepspeed ({', '.join(given)}): {error}") from error
    for key in settings.keys() - watched.read_keys:
        near = nearest(key, sorted(watched.read_keys))
        raise UsageError(f"deepspeed.{key}: DeepSpeed has no such key" + (f"; did you mean {near}?" if near else ""))
