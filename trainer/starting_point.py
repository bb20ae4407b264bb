"""Where a run's weights begin, at random or at those of a T5, and the learning rates' scales that follow from them."""

from __future__ import annotations

from schemas import UsageError
from trainer.checkpoint_manifest import Checkpoint
from trainer.engine import lr_scales
from trainer.model import DocFormerV2
from trainer.settings.run import RunSettings
from trainer.t5_import import import_t5


def starting_scales(model: DocFormerV2, settings: RunSettings, earlier: Checkpoint | None) -> dict[str, float]:
    """Imports the T5 of a run that begins at one; returns the `lr_scale` of each parameter by name.

    A resumed run takes its weights from a checkpoint and reads no T5, which may be gone. The scales are those of the
    weights at the start, so a run from a T5 has them in its checkpoints; fresh weights are drawn again.

    Args:
        earlier: the run's newest checkpoint, of a run that is resumed.

    Raises:
        UsageError: the T5 does not fit, or the run was begun otherwise.
    """
    if earlier is not None:
        if bool(earlier.lr_scales) != bool(settings.init_from):
            begun, do = ("at a T5", "give") if earlier.lr_scales else ("at random weights", "leave out")
            where = f"--output {settings.output} holds a run that began {begun}"
            raise UsageError(f"{where}: {do} --init_from, or take another.")
        return earlier.lr_scales or lr_scales(model)
    if settings.init_from:
        import_t5(model, settings.init_from)
    return lr_scales(model)
