"""Saves and loads the state of DeepSpeed's engine, also for a different number of ranks.

ZeRO partitions weights and moments over the ranks. To load them on a different number of ranks, they are first
converted to DeepSpeed's universal format, which has files per weight (Lian et al. 2024,
https://arxiv.org/abs/2406.18820).
"""

from __future__ import annotations

import io
import shutil
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any

from schemas import FolioError
from trainer import distributed
from trainer.checkpoints.manifest import Checkpoint

UNIVERSAL = "universal"  # directory next to the checkpoints, exists only during a conversion


@contextmanager
def collect_faults(faults: list[str]) -> Iterator[None]:
    """Appends the message of a file error to `faults` and continues.

    If a rank raised the error immediately, the other ranks would wait for it forever.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:  # RuntimeError: torch.save, on a full disk
        faults.append(str(error).splitlines()[0])


def save_state(engine: Any, directory: Path, name: str, faults: list[str]) -> None:
    """Writes the state to `directory/name`. Collective: all ranks call it.

    Args:
        faults: gets a message for each file that this rank could not write.
    """
    saver = engine.checkpoint_engine
    saver.save = _collecting(saver.save, faults)
    engine._copy_recovery_script = _collecting(engine._copy_recovery_script, faults)
    try:
        engine.save_checkpoint(str(directory), tag=name, save_latest=False)
    finally:
        del saver.save, engine._copy_recovery_script  # these attributes hid the methods of the classes


def _collecting(write: Callable[..., None], faults: list[str]) -> Callable[..., None]:
    def attempt(*arguments: Any, **options: Any) -> None:
        with collect_faults(faults):
            write(*arguments, **options)

    return attempt


def load_state(engine: Any, directory: Path, checkpoint: Checkpoint) -> None:
    """Loads a checkpoint of `directory` into the engine. The optimizer keeps the settings of this run.

    Collective: all ranks call it.

    Raises:
        FolioError: the checkpoint is for another number of ranks and cannot be converted.
    """
    settings = [{name: value for name, value in group.items() if name != "params"} for group in _groups(engine)]
    if distributed.rank() == 0:
        shutil.rmtree(directory / UNIVERSAL, ignore_errors=True)  # left by a run that was killed during a conversion
    if checkpoint.ranks == distributed.world_size() or not engine.zero_optimization():
        engine.load_checkpoint(str(directory), tag=checkpoint.name)
    else:
        _load_converted(engine, directory, checkpoint.name)
    # Loading overwrites the settings with those of the checkpoint. After a conversion, stage 3 even gives all groups
    # the settings of the first group.
    for group, own in zip(_groups(engine), settings, strict=True):
        group.update(own)
    if engine.zero_optimization():
        engine.optimizer.clip_grad = engine.gradient_clipping()


def _groups(engine: Any) -> list[dict[str, Any]]:
    return engine.optimizer.param_groups


def _load_converted(engine: Any, directory: Path, name: str) -> None:
    faults: list[str] = []
    if distributed.rank() == 0:
        with collect_faults(faults):
            _convert(directory / name, directory / UNIVERSAL / name)
    if fault := "; ".join(distributed.gather(faults)[0]):
        raise FolioError(f"{directory / name} cannot be converted for {distributed.world_size()} ranks: {fault}")
    engine._config.load_universal_checkpoint = True  # DeepSpeed reads this setting only when the engine starts
    engine.optimizer.load_hp_checkpoint_state_from_checkpoint_dir = partial(_read_parts, engine.optimizer)
    try:
        engine.load_checkpoint(str(directory / UNIVERSAL), tag=name)
    finally:
        engine._config.load_universal_checkpoint = False
    # Stage 3 gives the same step tensor to all parameter groups, and each group would increment it. A fused AdamW also
    # requires the tensor on the device of the weights.
    for weights, state in engine.optimizer.optimizer.state.items():
        state["step"] = state["step"].to(weights.device, copy=True)
    distributed.barrier()
    if distributed.rank() == 0:
        shutil.rmtree(directory / UNIVERSAL)


def whole_weights(directory: Path, checkpoint: Checkpoint) -> dict[str, Any]:
    """Returns the fp32 weights of a checkpoint of `directory` by parameter name, as tensors on the CPU.

    Every rank reads the whole checkpoint, including the moments of the optimizer.
    """
    import torch
    from deepspeed.utils.zero_to_fp32 import get_fp32_state_dict_from_zero_checkpoint

    if checkpoint.facts["zero_stage"] == 0:
        path = directory / checkpoint.name / "mp_rank_00_model_states.pt"
        return dict(torch.load(path, map_location="cpu", weights_only=False)["module"])
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):  # hide its messages and progress bars
        return dict(get_fp32_state_dict_from_zero_checkpoint(str(directory), checkpoint.name))


def _read_parts(optimizer: Any, _: str, directory: str) -> None:
    """Reads this rank's part of the weights and moments, in stages 1 and 2.

    Replaces DeepSpeed's own method, which fails if a rank holds no part of a parameter group. This happens with small
    groups and many ranks.
    """
    import torch

    for group, weights in zip(optimizer.optimizer.param_groups, optimizer.bit16_groups, strict=True):
        (flat,) = group["params"]
        parts = {"fp32": flat.data, "exp_avg": torch.zeros_like(flat), "exp_avg_sq": torch.zeros_like(flat)}
        for weight in weights:
            folder = Path(directory, "zero", optimizer.param_names[weight])
            parts["step"] = torch.load(folder / "step.pt")
            if weight._hp_mapping is None:
                continue  # this weight is on other ranks
            whole, mine = weight._hp_mapping.lp_fragment_address, weight._hp_mapping.hp_fragment_address
            for name in ("fp32", "exp_avg", "exp_avg_sq"):
                values = torch.load(folder / f"{name}.pt")["param"].flatten()
                parts[name][mine.start :][: mine.numel].copy_(values[whole.start :][: whole.numel])
        optimizer.optimizer.state[flat].update({name: value for name, value in parts.items() if name != "fp32"})


def _convert(source: Path, target: Path) -> None:
    """Converts a checkpoint to DeepSpeed's universal format. Meanwhile this needs three times its disk space."""
    from deepspeed.checkpoint import ds_to_universal

    options = Namespace(
        input_folder=str(source),
        output_folder=str(target),
        num_extract_workers=1,  # more workers would be forks of a process that is connected to the other ranks
        num_merge_workers=1,
        keep_temp_folder=False,
        strict=True,
        inject_missing_state=True,
    )
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):  # hide its messages and progress bars
        ds_to_universal.main(options)
