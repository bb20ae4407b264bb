"""Settings of the engine: batch, precision, ZeRO, and the optimizer under it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from schemas import UsageError
from trainer.settings.optimizer import OptimizerConfig
from trainer.settings.part import SettingsPart, option
from trainer.settings.reserved_keys import require_unreserved


@dataclass(frozen=True)
class EngineSettings(SettingsPart):
    """What `trainer.engine.start` starts DeepSpeed with.

    Attributes:
        deepspeed: laid over the config that `trainer.engine.deepspeed_config` makes.
    """

    global_batch: int = option(64, "pages a step, over all ranks", least=1)
    micro_batch: int = option(
        8, "most pages that a rank holds at a time; fewer where that divides the batch evenly", least=1
    )
    dtype: Literal["bf16", "fp32"] = option("bf16", "of the computation; weights are updated in fp32 in any case")
    zero_stage: int = option(1, "DeepSpeed ZeRO stage 0..3: what the ranks share (1 optimizer, 2 gradients, 3 weights)")
    skip_grad_norm: float = option(
        0.0, "skip steps whose gradient norm, before clipping, is above it; 0: no limit", least=0
    )
    compile: bool = option(False, "compile the layers with torch.compile; pays on GPUs, needs a C++ compiler on CPUs")
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    deepspeed: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_unreserved(self.deepspeed)
        if self.zero_stage not in range(4):
            raise UsageError(f"--zero_stage must be 0, 1, 2 or 3, got {self.zero_stage}")
        if self.zero_stage == 3 and self.compile:
            raise UsageError(
                "--compile true cannot have --zero_stage 3, which gathers weights within the layers: take 2"
            )
        if self.zero_stage == 0 and self.dtype == "bf16":
            raise UsageError("--zero_stage 0 keeps no fp32 weights beside bf16 ones and diverges: take --zero_stage 1")
