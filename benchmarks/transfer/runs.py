"""Runs of fine-tuning: each trains and scores a model once. Scores are kept, so that an interrupted study goes on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from benchmarks.transfer.arms import Arm
from benchmarks.transfer.commands import run_all, run_command
from benchmarks.transfer.pretraining import Pretraining
from benchmarks.transfer.scored_tasks import ScoredTask

LEARNING_RATES = (1.6e-2, 3.2e-2, 6.4e-2)


@dataclass(frozen=True)
class Run:
    """One run of fine-tuning.

    Attributes:
        task: a key of `TASKS`.
        arm: a key of `ARMS`.
        documents: number of documents to train on; 0: all.
        seed: decides new weights, the chosen documents, their order and dropout.
        learning_rate: `optimizer.learning_rate`.
        is_choice: the run is scored on validation documents, to choose the learning rate.
    """

    task: str
    arm: str
    documents: int
    seed: int
    learning_rate: float
    is_choice: bool = False

    @property
    def name(self) -> str:
        """The name of its directory."""
        kind = "choice" if self.is_choice else "test"
        return f"{self.task}-{self.arm}-{self.documents or 'all'}-seed{self.seed}-lr{self.learning_rate:g}-{kind}"


class Study:
    """All runs of fine-tuning from the models of one pretraining.

    Args:
        pretraining: the pretrained models, which exist.
        data: folder with a folder per task.
    """

    def __init__(self, pretraining: Pretraining, data: Path) -> None:
        self.pretraining = pretraining
        self.data = data
        self.work = pretraining.work

    def directory(self, run: Run) -> Path:
        """Returns the directory of a run. It keeps the log, the scores and the exported model."""
        return self.work / "runs" / run.name

    def scores(self, run: Run) -> dict[str, float] | None:
        """Returns the scores of a run, or None if it has not been done."""
        path = self.directory(run) / "scores.json"
        return json.loads(path.read_text())["scores"] if path.exists() else None

    def complete(self, runs: Sequence[tuple[ScoredTask, Arm, Run]], what: str) -> None:
        """Does the runs that have not been done.

        Raises:
            CommandError: a run failed.
        """
        missing = [entry for entry in runs if self.scores(entry[2]) is None]
        run_all([partial(self._do, *entry) for entry in missing], self.pretraining.jobs, what)

    def _do(self, task: ScoredTask, arm: Arm, run: Run) -> str:
        output, steps = self.directory(run), task.steps * arm.step_factor
        shutil.rmtree(output, ignore_errors=True)
        model = str(self.pretraining.model(arm.pretrained)) if arm.pretrained else "none"
        places = [
            "--task",
            task.name,
            "--data",
            str(self.data / task.folder),
            "--model",
            model,
            "--output",
            str(output),
        ]
        start = [] if arm.pretrained else ["--size", self.pretraining.size, "--tokenizer", "t5"]
        split = ["--val_share", "0.2"] if run.is_choice else ["--val_split", task.test]
        sizes = ["--train_documents", str(run.documents), "--max_steps", str(steps), "--micro_batch", "16"]
        rhythm = ["--val_every", str(steps), "--save_every", str(steps), "--keep_last", "1", "--log_every", "50"]
        rest = ["--seed", str(run.seed), "--workers", "0", "--tensorboard", "false", "model.dropout=0"]
        rate = f"optimizer.learning_rate={run.learning_rate!r}"
        flags = [*places, *start, *split, *sizes, *rhythm, *rest, rate, "--cache_dir", str(self.work / "cache")]
        run_command(["trainer/finetune.py", *flags, *task.flags, *arm.flags], self.work / "logs" / f"{run.name}.txt")
        scores = scores_of(output)
        shutil.rmtree(output / "checkpoints")
        (output / "scores.json").write_text(json.dumps({**asdict(run), "scores": scores}) + "\n")
        return f"{run.name} {task.metric} {scores[task.metric]:.3f}"


def scores_of(output: Path) -> dict[str, float]:
    """Returns the scores at the end of a run."""
    rows = [json.loads(line) for line in (output / "log.jsonl").read_text().splitlines()]
    (last,) = [row for row in rows if "val_loss" in row][-1:]
    return {name.removeprefix("val_"): value for name, value in last.items() if name.startswith("val_")}
