"""Tests of the weight decay and the relative learning rate of each weight."""

from __future__ import annotations

from torch import nn

from trainer.engine.parameter_groups import lr_scales, parameter_groups
from trainer.model.docformer import DocFormerV2
from trainer.settings.reading.loading import load_config
from trainer.tasks.pretraining.heads import PretrainingHeads


def test_only_matrices_decay_not_norms_biases_or_embeddings():
    model = DocFormerV2(load_config("tiny").model, PretrainingHeads)
    groups = parameter_groups(model, 0.01, lr_scales(model))
    decayed = [parameter for group in groups if group["weight_decay"] for parameter in group["params"]]
    others = [parameter for group in groups if not group["weight_decay"] for parameter in group["params"]]
    assert len(decayed) + len(others) == len(list(model.parameters()))
    embeddings = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}
    assert all(p.ndim >= 2 and id(p) not in embeddings for p in decayed)
    assert any(p is model.vocabulary.weight for p in others), "it is tied to the embedding"


def test_the_learning_rate_of_a_weight_is_relative_to_its_initial_size():
    model = DocFormerV2(load_config("tiny").model, PretrainingHeads)
    scales = {
        id(p): group["lr_scale"] for group in parameter_groups(model, 0.01, lr_scales(model)) for p in group["params"]
    }
    query = model.encoder.layers[0].attention.sublayer.query.weight
    assert scales[id(model.tokens.weight)] == 1.0, "drawn from N(0, 1)"
    assert scales[id(query)] == 1 / 64, "drawn from N(0, 1 / (128 * 32))"


def test_a_weight_that_starts_at_zero_has_a_learning_rate_above_zero():
    layer = nn.Linear(2, 2, bias=False)
    nn.init.zeros_(layer.weight)
    (group,) = parameter_groups(layer, 0.0, lr_scales(layer))
    assert group["lr_scale"] > 0
