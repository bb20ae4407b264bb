"""Tests of the warning of a global batch that can only be cut into small passes."""

from __future__ import annotations

import pytest

from trainer.run.advice.batch import small_passes


@pytest.mark.parametrize(
    ("global_batch", "maximum", "ranks", "found", "better"),
    [
        (
            62,
            8,
            2,
            "31 pages a rank, whose largest divisor up to --micro_batch 8 is 1: a pass",
            "60 (6 a pass) or 64 (8)",
        ),
        (31, 8, 1, "a pass holds 1 page, which is slow", "30 (6 a pass) or 32 (8)"),
        (62, 8, 1, "a pass holds 2 pages, which is slow", "60 (6 a pass) or 63 (7)"),
        (3, 2, 1, "a pass holds 1 page, which is slow", "2 (2 a pass) or 4 (2)"),
    ],
)
def test_a_batch_with_small_divisors_only_gives_a_warning_with_better_values(
    global_batch, maximum, ranks, found, better
):
    warning = small_passes(global_batch, maximum, ranks)
    assert warning is not None
    assert found in warning
    assert warning.endswith(f"Better: --global_batch {better}")


@pytest.mark.parametrize(
    ("global_batch", "maximum", "ranks"),
    [(64, 8, 2), (12, 8, 1), (62, 1, 2), (2, 8, 2), (1, 8, 1), (9, 8, 1), (1024, 64, 8)],
)
def test_a_batch_that_is_cut_into_large_passes_gives_no_warning(global_batch, maximum, ranks):
    assert small_passes(global_batch, maximum, ranks) is None
