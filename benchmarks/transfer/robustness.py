"""Scores trained models on pages with OCR errors and with shuffled boxes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.transfer.commands import run_all, run_command
from benchmarks.transfer.runs import Run, Study
from benchmarks.transfer.scored_tasks import ScoredTask

ERROR_RATES = (0.05, 0.1, 0.2)


@dataclass(frozen=True)
class Damage:
    """What is done to the pages of a test.

    Attributes:
        name: names it in files.
        title: names it in tables.
        flags: flags of `trainer.evaluate`.
    """

    name: str
    title: str
    flags: tuple[str, ...]


DAMAGES = (
    *(Damage(f"noise{rate:g}", f"{rate:.0%} errors", ("--ocr_noise", str(rate))) for rate in ERROR_RATES),
    Damage("shuffled", "boxes shuffled", ("--boxes", "shuffled")),
)


def damaged_score(study: Study, task: ScoredTask, run: Run, damage: Damage) -> float | None:
    """Returns the score of a run on damaged pages, or None if it has not been measured."""
    path = study.directory(run) / f"{damage.name}.json"
    return json.loads(path.read_text())[task.metric] if path.exists() else None


def measure(study: Study, runs: Sequence[tuple[ScoredTask, Run]]) -> None:
    """Scores runs on damaged pages, where that has not been done.

    Raises:
        CommandError: a command failed.
    """
    run_all(list(_missing(study, runs)), study.pretraining.jobs, "damaged pages")


def _missing(study: Study, runs: Sequence[tuple[ScoredTask, Run]]) -> Iterator[partial[str]]:
    for task, run in runs:
        for damage in DAMAGES:
            if damaged_score(study, task, run, damage) is None:
                yield partial(_score, study, task, run, damage)


def _score(study: Study, task: ScoredTask, run: Run, damage: Damage) -> str:
    directory = study.directory(run)
    places = ["--task", task.name, "--data", str(study.data / task.folder), "--split", task.test]
    flags = ["--model", str(directory), "--cache_dir", str(study.work / "cache"), *damage.flags]
    log = study.work / "logs" / f"{run.name}-{damage.name}.txt"
    scores = run_command(["-m", "trainer.evaluate", *places, *flags], log)
    (directory / f"{damage.name}.json").write_text(scores)
    return f"{run.name} {damage.title} {json.loads(scores)[task.metric]:.3f}"
