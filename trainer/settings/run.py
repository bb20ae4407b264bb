"""Settings of a run: its directory, its length, its checkpoints, and what it records."""

from __future__ import annotations

from dataclasses import dataclass

from schemas import UsageError
from trainer.settings.part import SettingsPart, option, path_option

MAX_SEED = 2**63 - 1  # the largest seed that torch's generators accept


@dataclass(frozen=True)
class RunSettings(SettingsPart):
    """Directory, length, checkpoints and records of a run.

    Raises:
        UsageError: a value is out of its range.
    """

    output: str = path_option("", "directory of the run: log, checkpoints/, model/, loss.png; resumed if it exists")
    init_from: str = path_option(
        "",
        "weights to start from: a T5 1.0 folder such as t5-small, an exported Folio model, or a run's directory",
    )
    seed: int = option(0, "seed of the weights, sample order, masks and dropout", minimum=0, maximum=MAX_SEED)
    max_steps: int = option(
        1000, "optimizer steps of the whole run; also the end of the learning-rate schedule", minimum=1
    )
    max_hours: float = option(
        0.0, "hours after which the run saves and stops; the same command resumes it; 0: no limit", minimum=0
    )
    max_skipped: int = option(
        10, "stop after this many skipped steps in a row (gradient not finite or above --skip_grad_norm)", minimum=1
    )
    log_every: int = option(10, "steps between log rows", minimum=1)
    val_every: int = option(500, "steps between evaluations on held-out pages", minimum=1)
    save_every: int = option(500, "steps between checkpoints", minimum=1)
    keep_last: int = option(2, "number of checkpoints to keep", minimum=1)
    change_ranks: bool = option(
        False, "resume from a checkpoint of another number of ranks; the losses are then close, not bit-identical"
    )
    upload_to: str = path_option("", "URL to which each checkpoint and the model are copied (gs://, s3:// ...)")
    profile_steps: str = option("", "A:B: profile steps A to B and write the result to RUN/profile/")
    peak_tflops: float = option(
        0.0, "peak TFLOP/s of one device, for MFU; 0: of the GPU, by a table or measured; no MFU on CPUs", minimum=0
    )
    tensorboard: bool = option(True, "also write TensorBoard events")
    wandb_project: str = option("", "also log to this Weights & Biases project (needs the extra wandb)")
    dry_run: bool = False  # a flag without a value: see trainer.settings.reading.command_line

    def __post_init__(self) -> None:
        super().__post_init__()
        profiled = step_range(self.profile_steps)
        if profiled and profiled[1] > self.max_steps:
            raise UsageError(
                f"--profile_steps {self.profile_steps} exceeds the last step: choose within 1:{self.max_steps}, "
                "or raise --max_steps"
            )


def step_range(text: str) -> tuple[int, int] | None:
    """Returns the first and the last step of `A:B`, or None for an empty text.

    Raises:
        UsageError: the text does not have this form, or 1 <= A <= B does not hold.
    """
    if not text:
        return None
    first, _, last = text.partition(":")
    if not (first.isdecimal() and last.isdecimal() and 1 <= int(first) <= int(last)):
        raise UsageError(f"--profile_steps {text}: expected the first and the last step, as in 20:25")
    return int(first), int(last)
