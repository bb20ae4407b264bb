"""Makes gradients faulty: at step 2 they are not finite on the last rank, at step 4 a million times too large."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NOT_FINITE_STEP, SPIKE_STEP = 2, 4


@contextmanager
def faulty_gradients(run_dir: Path) -> Iterator[None]:
    """Makes the gradients of the run in the block faulty, and records what each of its steps changed.

    `RUN/changed.json` then contains for each step the parts that changed on any rank: `weights` (complete and in fp32)
    and `optimizer` (the state of AdamW on the rank).
    """
    import torch
    from deepspeed import DeepSpeedEngine

    from trainer import distributed
    from trainer.engine.start import full_weights

    changed: dict[int, list[str]] = {}
    before: dict[str, list[torch.Tensor]] = {}
    backward, step = DeepSpeedEngine.backward, DeepSpeedEngine.step

    def state(engine: Any) -> dict[str, list[torch.Tensor]]:
        adamw = getattr(engine.optimizer, "optimizer", engine.optimizer)  # stage 0 has no wrapper
        state_tensors = [value for entry in adamw.state.values() for value in entry.values() if torch.is_tensor(value)]
        parts = {"weights": full_weights(engine).values(), "optimizer": state_tensors}
        return {name: [value.detach().clone() for value in values] for name, values in parts.items()}

    def differs(before: list[torch.Tensor], after: list[torch.Tensor]) -> bool:
        # In stage 0, the first step creates the moments.
        return len(before) != len(after) or not all(map(torch.equal, before, after))

    def faulty_backward(engine: Any, loss: torch.Tensor) -> Any:
        number = engine.global_steps + 1
        if number == NOT_FINITE_STEP and distributed.rank() == distributed.world_size() - 1:
            loss = loss * float("nan")
        if number == SPIKE_STEP:
            loss = loss * 1e6
        if engine.is_gradient_accumulation_boundary():
            before.update(state(engine))
        return backward(engine, loss)

    def recorded_step(engine: Any) -> None:
        number, last = engine.global_steps + 1, engine.is_gradient_accumulation_boundary()
        step(engine)
        if last:
            after = state(engine)
            changed[number] = [p for p in after if any(distributed.gather(differs(before[p], after[p])))]

    DeepSpeedEngine.backward, DeepSpeedEngine.step = faulty_backward, recorded_step
    try:
        yield
    finally:
        DeepSpeedEngine.backward, DeepSpeedEngine.step = backward, step
    if distributed.rank() == 0:
        (run_dir / "changed.json").write_text(json.dumps(changed))
