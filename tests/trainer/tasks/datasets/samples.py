"""Real samples of data sets. They lie beside the repository, if at all."""

from __future__ import annotations

from pathlib import Path

import pytest

DATA = Path(__file__).parents[4].parent / "shared/data"
SAMPLES = DATA / "tasks"
SMALL = DATA / "small"  # documents, and beside them the values or labels of some

needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"there are no real samples in {SAMPLES}")
needs_small = pytest.mark.skipif(not SMALL.is_dir(), reason=f"there are no real documents in {SMALL}")
