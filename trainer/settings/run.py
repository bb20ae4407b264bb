"""Settings of a run: where it is, how long it takes, and what it records."""

from __future__ import annotations

from dataclasses import dataclass

from schemas import UsageError
from trainer.settings.part import SettingsPart, option

MOST_SEED = 2**63 - 1  # that torch's generators take


@dataclass(frozen=True)
class RunSettings(SettingsPart):
    """Directory, length, checkpoints and records of a run."""

    output: str = option("", "directory of the run: log.jsonl, checkpoints/, model/, loss.png; resumed if it exists")
    init_from: str = option("", "folder of a Hugging Face T5 1.0 checkpoint to begin at, such as t5-small")
    seed: int = option(0, "of the weights, the sample order, the masks and the dropout", least=0, most=MOST_SEED)
    max_steps: int = option(1000, "optimizer steps of the whole run; the learning rate's schedule ends there", least=1)
    max_hours: float = option(0.0, "hours after which to save and stop; the same command goes on; 0: no limit", least=0)
    max_skipped: int = option(
        10, "skipped steps in a row, by --skip_grad_norm or a value not finite, that stop it", least=1
    )
    log_every: int = option(10, "steps between log rows", least=1)
    val_every: int = option(500, "steps between evaluations on held-out pages", least=1)
    save_every: int = option(500, "steps between checkpoints", least=1)
    keep_last: int = option(2, "checkpoints to keep", least=1)
    change_ranks: bool = option(False, "go on from what another number of ranks saved; losses follow, not bit for bit")
    upload_to: str = option("", "URL that each checkpoint and the model are copied to meanwhile (gs://, s3:// ...)")
    profile_steps: str = option("", "A:B: write what steps A to B spend their time on to RUN/profile/")
    peak_tflops: float = option(0.0, "TFLOP/s of one device, for MFU; 0: from a table of GPUs, else measured", least=0)
    tensorboard: bool = option(True, "also write TensorBoard events")
    wandb_project: str = option("", "also log to this Weights & Biases project (needs the extra wandb)")
    dry_run: bool = False  # a flag without a value: see trainer.settings.command_line

    def __post_init__(self) -> None:
        super().__post_init__()
        watched = step_range(self.profile_steps)
        if watched and watched[1] > self.max_steps:
            raise UsageError(
                f"--profile_steps {self.profile_steps} goes beyond the last step: choose within 1:{self.max_steps}, "
                "or raise --max_steps"
            )


def step_range(text: str) -> tuple[int, int] | None:
    """Returns first and last step of `A:B`, None for no text.

    Raises:
        UsageError: it is something else, or not 1 <= A <= B.
    """
    if not text:
        return None
    first, _, last = text.partition(":")
    if not (first.isdecimal() and last.isdecimal() and 1 <= int(first) <= int(last)):
        raise UsageError(f"--profile_steps {text}: expected the first and the last step, as in 20:25")
    return int(first), int(last)
