"""Like `many_runs`, but also records each saved and loaded state in `RUN/saved-<step>.pt` and `RUN/loaded-<step>.pt`.

A record contains the fp32 value and both moments of each weight, by its name, and the step counts of AdamW.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any


def _record(engine: Any, path: Path) -> None:
    import torch
    from deepspeed.utils import safe_get_full_optimizer_state

    from trainer import distributed
    from trainer.engine.start import full_weights

    if engine.zero_optimization_stage() < 3:  # otherwise DeepSpeed finds only the moments of the first parameter group
        engine.optimizer._hp_optimizer_states_linked = False
        engine.optimizer._lazy_init_hp_params_optimizer_state()
    moments = {
        f"{name} {key}": safe_get_full_optimizer_state(parameter, key).detach().cpu().clone()
        for key in ("exp_avg", "exp_avg_sq")
        for name, parameter in engine.module.named_parameters()
    }
    steps = {f"step {n}": torch.as_tensor(s["step"]) for n, s in enumerate(engine.optimizer.optimizer.state.values())}
    state = {**full_weights(engine), **moments, **steps}
    if distributed.rank() == 0:
        torch.save(state, path)


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])

    from trainer.checkpoints.store import CheckpointStore

    save, load = CheckpointStore.save, CheckpointStore.load

    def recorded_save(store: CheckpointStore, engine: Any, step: int, *rest: Any) -> None:
        save(store, engine, step, *rest)
        _record(engine, store.directory.parent / f"saved-{step}.pt")

    def recorded_load(store: CheckpointStore, engine: Any) -> Any:
        checkpoint = load(store, engine)
        if checkpoint is not None:
            _record(engine, store.directory.parent / f"loaded-{checkpoint.step}.pt")
        return checkpoint

    CheckpointStore.save, CheckpointStore.load = recorded_save, recorded_load
    runpy.run_path(str(Path(__file__).with_name("many_runs.py")), run_name="__main__")
