"""The state of DeepSpeed's engine, into files and back: also onto another number of ranks.

ZeRO cuts weights and moments into a part for each rank. For another number of them they are cut anew by way of
DeepSpeed's universal format, which has a file per weight (Lian et al. 2024, https://arxiv.org/abs/2406.18820).
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

UNIVERSAL = "universal"  # directory beside the checkpoints, there while one is cut anew


@contextmanager
def noting(faults: list[str]) -> Iterator[None]:
    """Notes what goes wrong with files and goes on: a rank that raised at once would leave the others waiting."""
    try:
        yield
    except (OSError, RuntimeError) as error:  # RuntimeError: torch.save, on a full disk
        faults.append(str(error).splitlines()[0])


def save_state(engine: Any, directory: Path, name: str, faults: list[str]) -> None:
    """Writes `directory/name`; notes in `faults` what this rank could not write. Collective: all ranks call it."""
    saver = engine.checkpoint_engine
    saver.save = _noted(saver.save, faults)
    engine._copy_recovery_script = _noted(engine._copy_recovery_script, faults)
    try:
        engine.save_checkpoint(str(directory), tag=name, save_latest=False)
    finally:
        del saver.save, engine._copy_recovery_script  # the instances' own, which hid those of their classes


def _noted(write: Callable[..., None], faults: list[str]) -> Callable[..., None]:
    def attempt(*arguments: Any, **options: Any) -> None:
        with noting(faults):
            write(*arguments, **options)

    return attempt


def load_state(engine: Any, directory: Path, checkpoint: Checkpoint) -> None:
    """Reads `directory/<name>` into the engine. The optimizer's settings stay those of this run. Collective.

    Raises:
        FolioError: it is for other ranks and cannot be cut anew.
    """
    settings = [{name: value for name, value in group.items() if name != "params"} for group in _groups(engine)]
    if distributed.rank() == 0:
        shutil.rmtree(directory / UNIVERSAL, ignore_errors=True)  # left by a run that was killed while it cut
    if checkpoint.ranks == distributed.world_size() or not engine.zero_optimization():
        engine.load_checkpoint(str(directory), tag=checkpoint.name)
    else:
        _load_of_other_ranks(engine, directory, checkpoint.name)
    # Else those of the checkpoint would hold; and stage 3 gives every group those of the first, after a new cut.
    for group, own in zip(_groups(engine), settings, strict=True):
        group.update(own)
    if engine.zero_optimization():
        engine.optimizer.clip_grad = engine.gradient_clipping()


def _groups(engine: Any) -> list[dict[str, Any]]:
    return engine.optimizer.param_groups


def _load_of_other_ranks(engine: Any, directory: Path, name: str) -> None:
    faults: list[str] = []
    if distributed.rank() == 0:
        with noting(faults):
            _convert(directory / name, directory / UNIVERSAL / name)
    if fault := "; ".join(distributed.gather(faults)[0]):
        raise FolioError(f"{directory / name} cannot be cut for {distributed.world_size()} ranks: {fault}")
    engine._config.load_universal_checkpoint = True  # of DeepSpeed's config, which is read when the engine starts
    engine.optimizer.load_hp_checkpoint_state_from_checkpoint_dir = partial(_read_parts, engine.optimizer)
    try:
        engine.load_checkpoint(str(directory / UNIVERSAL), tag=name)
    finally:
        engine._config.load_universal_checkpoint = False
    # Stage 3 hands one tensor to all of its parameter groups, each of which would count on in it. And a fused AdamW
    # wants it beside the weights.
    for weights, state in engine.optimizer.optimizer.state.items():
        state["step"] = state["step"].to(weights.device, copy=True)
    distributed.barrier()
    if distributed.rank() == 0:
        shutil.rmtree(directory / UNIVERSAL)


def _read_parts(optimizer: Any, _: str, directory: str) -> None:
    """Reads this rank's part of weights and moments, in stages 1 and 2.

    In place of DeepSpeed's own, which fails where a rank holds nothing of a parameter group: ranks may be more than
    such a group has weights.
    """
    import torch

    for group, weights in zip(optimizer.optimizer.param_groups, optimizer.bit16_groups, strict=True):
        (flat,) = group["params"]
        parts = {"fp32": flat.data, "exp_avg": torch.zeros_like(flat), "exp_avg_sq": torch.zeros_like(flat)}
        for weight in weights:
            folder = Path(directory, "zero", optimizer.param_names[weight])
            parts["step"] = torch.load(folder / "step.pt")
            if weight._hp_mapping is None:
                continue  # on other ranks
            whole, mine = weight._hp_mapping.lp_fragment_address, weight._hp_mapping.hp_fragment_address
            for name in ("fp32", "exp_avg", "exp_avg_sq"):
                values = torch.load(folder / f"{name}.pt")["param"].flatten()
                parts[name][mine.start :][: mine.numel].copy_(values[whole.start :][: whole.numel])
        optimizer.optimizer.state[flat].update({name: value for name, value in parts.items() if name != "fp32"})


def _convert(source: Path, target: Path) -> None:
    """Writes a checkpoint in DeepSpeed's universal format; takes three times its room while at work."""
    from deepspeed.checkpoint import ds_to_universal

    options = Namespace(
        input_folder=str(source),
        output_folder=str(target),
        num_extract_workers=1,  # more would be forks of a process that talks to the other ranks
        num_merge_workers=1,
        keep_temp_folder=False,
        strict=True,
        inject_missing_state=True,
    )
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):  # it prints and draws bars
        ds_to_universal.main(options)
