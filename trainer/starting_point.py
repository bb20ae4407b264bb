"""Where a run's weights begin, at random or at those of a T5, and the learning rates' scales that follow from them."""

from __future__ import annotations

import json
from pathlib import Path

from schemas import UsageError
from trainer import distributed
from trainer.config import PretrainConfig
from trainer.engine import lr_scales
from trainer.model import DocFormerV2
from trainer.t5_import import import_t5

LR_SCALES = "lr_scales.json"


def starting_scales(model: DocFormerV2, config: PretrainConfig, *, resumed: bool) -> dict[str, float]:
    """Imports the T5 of a run that begins at one; returns the `lr_scale` of each parameter by name.

    A resumed run takes its weights from a checkpoint and reads no T5, which may be gone. The scales are those of the
    weights at the start, so a run from a T5 keeps them in `RUN/lr_scales.json`; fresh weights are drawn again.

    Raises:
        UsageError: the T5 does not fit, or the run was begun otherwise.
    """
    kept = Path(config.output, LR_SCALES)
    if resumed and kept.exists() != bool(config.init_from):
        begun, do = ("at a T5", "give") if kept.exists() else ("at random weights", "leave out")
        raise UsageError(f"--output {config.output} holds a run that began {begun}: {do} --init_from, or take another.")
    if resumed and config.init_from:
        return dict(json.loads(kept.read_text(encoding="utf-8")))
    if config.init_from:
        import_t5(model, config.init_from)
    scales = lr_scales(model)
    if distributed.rank() == 0 and not config.dry_run:
        kept.unlink(missing_ok=True)  # of a run that did not reach its first checkpoint
        if config.init_from:
            kept.write_text(json.dumps(scales, indent=1), encoding="utf-8")
    return scales
