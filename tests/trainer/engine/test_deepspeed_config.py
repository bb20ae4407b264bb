"""What DeepSpeed is told, and what of it DeepSpeed cannot make sense of."""

from __future__ import annotations

import pytest
from deepspeed.runtime.config import DeepSpeedConfig

from schemas import UsageError
from trainer.engine.deepspeed_config import deepspeed_config
from trainer.settings.loading import load_config


def test_the_deepspeed_section_is_laid_over_ours():
    config = load_config("small", None, {"zero_stage": "2"}, ["deepspeed.zero_optimization.overlap_comm=true"])
    merged = deepspeed_config(config, micro_batch=4)
    assert merged["zero_optimization"] == {"stage": 2, "overlap_comm": True}
    assert merged["train_micro_batch_size_per_gpu"] == 4


def test_an_offloaded_optimizer_stays_ours():
    offloaded = ["deepspeed.zero_optimization.offload_optimizer.device=cpu"]
    settings = DeepSpeedConfig(deepspeed_config(load_config("small", overrides=offloaded), micro_batch=4))
    assert settings.zero_config.offload_optimizer.device == "cpu"
    assert not settings.zero_force_ds_cpu_optimizer, "else DeepSpeed ends the run"


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("deepspeed.gradient_cliping=3", "deepspeed.gradient_cliping: .* did you mean gradient_clipping"),
        ("deepspeed.zero_optimization.overlap_com=true", "overlap_com: Extra inputs are not permitted"),
        ("deepspeed.zero_optimization.overlap_comm=7x", "overlap_comm: Input should be a valid boolean.*'7x'"),
        ("deepspeed.zero_optimization=3", r"deepspeed \(zero_optimization\): .* must be a mapping, not int"),
        ("deepspeed.flops_profiler=3", r"deepspeed \(flops_profiler\): 'int' object has no attribute"),
    ],
)
def test_what_deepspeed_cannot_make_sense_of_is_wrong_usage(override, said):
    with pytest.raises(UsageError, match=said):
        deepspeed_config(load_config("small", None, {"dtype": "bf16"}, [override]), micro_batch=4)
