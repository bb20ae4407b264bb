"""The optimizer's parts that need no ranks."""

from __future__ import annotations

from itertools import pairwise

import pytest
from deepspeed.runtime.config import DeepSpeedConfig
from torch import nn

from schemas import UsageError
from trainer.deepspeed_settings import deepspeed_config
from trainer.engine import learning_rate, lr_scales, parameter_groups
from trainer.model.docformer import DocFormerV2
from trainer.settings.loading import load_config
from trainer.settings.optimizer import OptimizerConfig
from trainer.tasks.pretraining.heads import PretrainingHeads

SETTINGS = OptimizerConfig(learning_rate=1.0, warmup_steps=10, final_lr_share=0.1)


def test_the_learning_rate_warms_up_peaks_and_falls_to_its_share():
    rates = [learning_rate(step, 110, SETTINGS) for step in range(1, 111)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9] == max(rates) == 1.0
    assert rates[59] == pytest.approx(0.55)
    assert rates[-1] == pytest.approx(0.1)
    assert all(a > b for a, b in pairwise(rates[9:]))


def test_the_warm_up_does_not_depend_on_the_length_of_the_run():
    assert [learning_rate(s, 10, SETTINGS) for s in (1, 5, 10)] == [learning_rate(s, 999, SETTINGS) for s in (1, 5, 10)]


def test_a_run_without_warm_up_starts_near_the_peak():
    assert learning_rate(1, 100, OptimizerConfig(learning_rate=1.0, warmup_steps=0)) > 0.99


def test_decay_pulls_matrices_but_no_norms_biases_or_embeddings():
    model = DocFormerV2(load_config("tiny").model, PretrainingHeads)
    groups = parameter_groups(model, 0.01, lr_scales(model))
    decayed = [parameter for group in groups if group["weight_decay"] for parameter in group["params"]]
    free = [parameter for group in groups if not group["weight_decay"] for parameter in group["params"]]
    assert len(decayed) + len(free) == len(list(model.parameters()))
    embedded = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}
    assert all(p.ndim >= 2 and id(p) not in embedded for p in decayed)
    assert any(p is model.vocabulary.weight for p in free), "tied to the embedding"


def test_a_weight_learns_at_a_rate_relative_to_its_size():
    model = DocFormerV2(load_config("tiny").model, PretrainingHeads)
    scales = {
        id(p): group["lr_scale"] for group in parameter_groups(model, 0.01, lr_scales(model)) for p in group["params"]
    }
    query = model.encoder.layers[0].attention.sublayer.query.weight
    assert scales[id(model.tokens.weight)] == 1.0, "drawn from N(0, 1)"
    assert scales[id(query)] == 1 / 64, "drawn from N(0, 1 / (128 * 32))"


def test_what_begins_at_zero_can_leave_it():
    layer = nn.Linear(2, 2, bias=False)
    nn.init.zeros_(layer.weight)
    (group,) = parameter_groups(layer, 0.0, lr_scales(layer))
    assert group["lr_scale"] > 0


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
