"""Real samples of data sets. They lie beside the repository, if at all."""

from __future__ import annotations

from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[4].parent / "shared/data/tasks"

needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"there are no real samples in {SAMPLES}")
