"""Tests of the config that DeepSpeed gets, and of the keys and values that it does not accept."""

from __future__ import annotations

import pytest
from deepspeed.runtime.config import DeepSpeedConfig

from schemas import UsageError
from trainer.engine.deepspeed_config import deepspeed_config
from trainer.settings.reading.loading import load_config


def test_the_deepspeed_section_overrides_our_values():
    config = load_config("small", None, {"zero_stage": "2"}, ["deepspeed.zero_optimization.overlap_comm=true"])
    merged = deepspeed_config(config, micro_batch=4)
    assert merged["zero_optimization"] == {"stage": 2, "overlap_comm": True}
    assert merged["train_micro_batch_size_per_gpu"] == 4


def test_an_offloaded_optimizer_is_not_replaced_by_that_of_deepspeed():
    offloaded = ["deepspeed.zero_optimization.offload_optimizer.device=cpu"]
    settings = DeepSpeedConfig(deepspeed_config(load_config("small", overrides=offloaded), micro_batch=4))
    assert settings.zero_config.offload_optimizer.device == "cpu"
    assert not settings.zero_force_ds_cpu_optimizer, "otherwise DeepSpeed ends the run"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("deepspeed.gradient_cliping=3", "deepspeed.gradient_cliping: .* did you mean gradient_clipping"),
        ("deepspeed.zero_optimization.overlap_com=true", "overlap_com: Extra inputs are not permitted"),
        ("deepspeed.zero_optimization.overlap_comm=7x", "overlap_comm: Input should be a valid boolean.*'7x'"),
        ("deepspeed.zero_optimization=3", r"deepspeed \(zero_optimization\): .* must be a mapping, not int"),
        ("deepspeed.flops_profiler=3", r"deepspeed \(flops_profiler\): 'int' object has no attribute"),
    ],
)
def test_a_key_or_value_that_deepspeed_does_not_accept_is_wrong_usage(override, message):
    with pytest.raises(UsageError, match=message):
        deepspeed_config(load_config("small", None, {"dtype": "bf16"}, [override]), micro_batch=4)
