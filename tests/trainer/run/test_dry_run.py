"""Tests of the estimate of a dry run, from fixed rates."""

from __future__ import annotations

from trainer.run.dry_run import estimate
from trainer.settings.reading.loading import load_config

RATES = {
    "step_s": 1.6,
    "pages_per_s": 10.0,
    "tokens_per_s": 5000.0,
    "padding": 0.0843,
    "tflops": 0.14,
    "mfu": 0.4,
    "data_wait": 0.02,
}


def test_the_estimate_is_computed_from_pages_steps_and_rates():
    config = load_config("tiny", None, {"max_steps": "450"})
    assert estimate(config, 36_000, 6_600_000, 1.234, RATES).splitlines() == [
        "model      6.6M parameters, 1.23 GB on the rank that needs most",
        "page       14 GFLOP, 500 tokens; padding 8.4% of all positions",
        "speed      10.00 pages/s, 1.60 s per step, 0.14 TFLOP/s, mfu 40.0%, data 2%",
        "one epoch  1h00m for 36,000 pages",
        "whole run  12m00s for 450 steps, 7,200 pages; evaluations and checkpoints are not included",
    ]


def test_the_estimate_leaves_out_an_unknown_mfu():
    rates = {name: value for name, value in RATES.items() if name != "mfu"}
    lines = estimate(load_config("tiny"), 36_000, 6_600_000, 1.234, rates).splitlines()
    assert lines[2] == "speed      10.00 pages/s, 1.60 s per step, 0.14 TFLOP/s, data 2%"
