"""Gradients that go wrong: at step 2 not finite, on the last rank alone, at step 4 a million times too large."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NOT_FINITE_STEP, SPIKE_STEP = 2, 4


@contextmanager
def struck(run_dir: Path) -> Iterator[None]:
    """Strikes the run inside, and writes `RUN/changed.json`: for each step, what of it changed, on any rank.

    That is `weights`, whole and in full precision, and `optimizer`, all that AdamW keeps on a rank.
    """
    import torch

    from trainer import distributed, training_step
    from trainer.engine import full_weights

    changed: dict[int, list[str]] = {}
    update = training_step.update

    def state(engine: Any) -> dict[str, list[torch.Tensor]]:
        adamw = getattr(engine.optimizer, "optimizer", engine.optimizer)  # stage 0 wraps none
        kept = [value for entry in adamw.state.values() for value in entry.values() if torch.is_tensor(value)]
        parts = {"weights": full_weights(engine).values(), "optimizer": kept}
        return {name: [value.detach().clone() for value in values] for name, values in parts.items()}

    def differs(before: list[torch.Tensor], after: list[torch.Tensor]) -> bool:
        # In stage 0, the first step brings the moments.
        return len(before) != len(after) or not all(map(torch.equal, before, after))

    def struck_update(engine: Any, loss: torch.Tensor) -> float | None:
        step = engine.global_steps + 1
        if step == NOT_FINITE_STEP and distributed.rank() == distributed.world_size() - 1:
            loss = loss * float("nan")
        if step == SPIKE_STEP:
            loss = loss * 1e6
        if not engine.is_gradient_accumulation_boundary():
            return update(engine, loss)
        before = state(engine)
        norm = update(engine, loss)
        after = state(engine)
        changed[step] = [part for part in before if any(distributed.gather(differs(before[part], after[part])))]
        return norm

    training_step.update = struck_update
    try:
        yield
    finally:
        training_step.update = update
    if distributed.rank() == 0:
        (run_dir / "changed.json").write_text(json.dumps(changed))
