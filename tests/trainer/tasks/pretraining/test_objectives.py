"""The settings of the pretraining objectives."""

from __future__ import annotations

import pytest

from schemas.errors import UsageError
from trainer.tasks.pretraining.objectives import ObjectivesConfig


def test_each_objective_has_its_weight():
    objectives = ObjectivesConfig(denoise_weight=1.0, line_weight=0.5, grid_weight=0.0).objectives()
    assert {objective.name: objective.weight for objective in objectives} == {"denoise": 1.0, "line": 0.5, "grid": 0.0}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("mask_boxes", "blur"),
        ("noise_density", 1.0),
        ("hidden_box_share", -0.1),
        ("mean_span", 0.5),
        ("mean_span", float("nan")),
        ("line_pairs", 0),
        ("max_text_tokens", 3),
    ],
)
def test_a_setting_out_of_range_is_refused_and_named(setting, value):
    with pytest.raises(UsageError, match=setting):
        ObjectivesConfig(**{setting: value})
