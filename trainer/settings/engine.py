"""Settings of the engine: batch size, precision, ZeRO, and the optimizer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from schemas import UsageError
from trainer.settings.optimizer import OptimizerConfig
from trainer.settings.part import SettingsPart, option
from trainer.settings.reading.reserved_keys import require_unreserved


@dataclass(frozen=True)
class EngineSettings(SettingsPart):
    """The settings with which `trainer.engine.start` starts DeepSpeed.

    Attributes:
        optimizer: the section `optimizer`.
        deepspeed: the section `deepspeed`. It overrides the config that `trainer.engine.deepspeed_config` makes.

    Raises:
        UsageError: a value is out of its range, or two settings exclude each other.
    """

    global_batch: int = option(64, "pages per step, over all ranks", minimum=1)
    micro_batch: int = option(
        8, "maximum number of pages per rank and pass; fewer if only that divides the global batch evenly", minimum=1
    )
    dtype: Literal["bf16", "fp32"] = option("bf16", "number format of the computation; weight updates are always fp32")
    zero_stage: int = option(
        1, "DeepSpeed ZeRO stage 0..3: what is partitioned over the ranks (1 optimizer, 2 gradients, 3 weights)"
    )
    skip_grad_norm: float = option(
        0.0, "skip steps whose gradient norm, before clipping, is above this value; 0: no limit", minimum=0
    )
    compile: bool = option(False, "compile the layers with torch.compile; faster on GPUs, needs a C++ compiler on CPUs")
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    deepspeed: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_unreserved(self.deepspeed)
        if self.zero_stage not in range(4):
            raise UsageError(f"--zero_stage must be 0, 1, 2 or 3, got {self.zero_stage}")
        if self.zero_stage == 3 and self.compile:
            raise UsageError(
                "--compile true does not work with --zero_stage 3, which gathers weights within the layers: "
                "use --zero_stage 2"
            )
        if self.zero_stage == 0 and self.dtype == "bf16":
            raise UsageError("--zero_stage 0 keeps no fp32 copy of bf16 weights and diverges: use --zero_stage 1")
