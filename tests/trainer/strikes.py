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
    """Strikes the runs inside, and writes `RUN/changed.json`: for each step, whether it changed anything.

    Anything is every weight, and every number that AdamW keeps, on every rank.
    """
    import torch

    from trainer import distributed, training_step
    from trainer.engine import full_weights

    changed: dict[int, bool] = {}
    update = training_step.update

    def state(engine: Any) -> list[torch.Tensor]:
        adamw = getattr(engine.optimizer, "optimizer", engine.optimizer)  # stage 0 wraps none
        kept = [value for entry in adamw.state.values() for value in entry.values() if torch.is_tensor(value)]
        return [*full_weights(engine).values(), *(value.detach().clone() for value in kept)]

    def struck_update(engine: Any, loss: torch.Tensor) -> float | None:
        step = engine.global_steps + 1
        if step == NOT_FINITE_STEP and distributed.rank() == distributed.world_size() - 1:
            loss = loss * float("nan")
        if step == SPIKE_STEP:
            loss = loss * 1e6
        before = state(engine)
        norm = update(engine, loss)
        after = state(engine)  # in stage 0 the first step brings the moments
        same = len(before) == len(after) and all(map(torch.equal, before, after))
        changed[step] = changed.get(step, False) or not all(distributed.gather(same))
        return norm

    training_step.update = struck_update
    try:
        yield
    finally:
        training_step.update = update
    if distributed.rank() == 0:
        (run_dir / "changed.json").write_text(json.dumps(changed))
