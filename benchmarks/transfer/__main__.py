"""Measures what pretraining on Folio shards adds to fine-tuning, on real documents and with several seeds.

python -m benchmarks.transfer --documents 'pdfs/**/*.pdf' --tasks TASKS --work WORK --table PAGE --pictures FOLDER

1. A corpus is built from the documents, without any file of the tasks (compared by hash).
2. One model per arm is pretrained on it.
3. Per task and arm, the learning rate with the best validation score is chosen: the mean over the smallest and the
   largest number of documents, seed 0.
4. Each arm is fine-tuned on each task, per number of documents and seed, and scored on the test split after the last
   step. The same seed means the same documents in the same order for all arms.
5. Models that were trained on all documents are scored on pages with OCR errors and with shuffled boxes.

TASKS holds a folder per task, named as the task, in the official layout (docs/finetuning.md). Everything is kept in
WORK; the same command continues after an interruption, and with more seeds, arms or tasks it adds them.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish
from benchmarks.transfer.arms import ARMS, Arm
from benchmarks.transfer.plots import plot_scores
from benchmarks.transfer.pretraining import Pretraining
from benchmarks.transfer.registry import entries_named
from benchmarks.transfer.robustness import measure
from benchmarks.transfer.runs import LEARNING_RATES, Run, Study
from benchmarks.transfer.scored_tasks import TASKS, ScoredTask
from benchmarks.transfer.tables import Scores, differences_table, robustness_table, scores_table

PAIRS = (("all", "none"), ("all", "none-3x"), ("all", "denoise"), ("line", "denoise"), ("grid", "denoise"))
MAIN_ARMS = ("none", "denoise", "line", "grid", "all")


def main() -> None:
    """Runs the study and writes its tables and pictures."""
    flags = _parser().parse_args()
    arms, tasks = entries_named(flags.arms, ARMS, "--arms"), entries_named(flags.only, TASKS, "--only")
    pretraining = Pretraining(tuple(flags.documents), flags.size, flags.steps, flags.work.resolve(), flags.jobs)
    study = Study(pretraining, flags.tasks.resolve())
    if not flags.tables_only:
        run_all_parts(study, tasks, arms, flags.seeds, flags.train_documents, flags.damage)
    tests = [run for task in tasks for run in test_runs(study, [task], arms_tried(study, task, arms), flags.seeds)]
    whole = [(task, run) for task, _, run in tests if not run.documents]
    scores = all_scores(study, tests)
    tasks = [task for task in tasks if any(name == task.name for name, _, _ in scores)]
    pictures = flags.pictures
    for task in tasks if pictures else ():
        plot_scores(task, [arm for arm in arms if arm.name in MAIN_ARMS], scores, pictures / f"{task.name}.png")
    publish("\n\n".join([*tables(study, tasks, arms, scores, whole), machine()]), flags.table)


def run_all_parts(
    study: Study, tasks: Sequence[ScoredTask], arms: Sequence[Arm], seeds: int, counts: Sequence[int], damage: bool
) -> None:
    """Does what has not been done yet: pretraining, learning rates, runs, scores on damaged pages.

    Args:
        counts: see `test_runs`.
        damage: whether to score on damaged pages.

    Raises:
        CommandError: a command failed.
        ValueError: the arm whose learning rate is needed is not among the arms.
    """
    study.pretraining.run({arm.pretrained for arm in arms} - {""}, [study.data / task.folder for task in tasks])
    choices = [(task, arm, run) for task in tasks for arm in arms for run in choice_runs(task, arm)]
    study.complete(choices, "learning rates")
    tests = list(test_runs(study, tasks, arms, seeds, counts))
    study.complete(tests, "fine-tuned")
    if damage:
        measure(study, [(task, run) for task, _, run in tests if not run.documents])


def choice_runs(task: ScoredTask, arm: Arm) -> Iterator[Run]:
    """Yields the runs that choose the learning rate of an arm: none if it uses that of another arm."""
    if not arm.rate_of:
        for rate in LEARNING_RATES:
            for count in dict.fromkeys((task.documents[0], task.documents[-1])):
                yield Run(task.name, arm.name, count, 0, rate, is_choice=True)


def test_runs(
    study: Study, tasks: Sequence[ScoredTask], arms: Sequence[Arm], seeds: int, counts: Sequence[int] = ()
) -> Iterator[tuple[ScoredTask, Arm, Run]]:
    """Yields the runs that are scored on the test splits, seed by seed.

    Args:
        counts: numbers of documents to train on, of those of the task; empty: all of them.
    """
    for seed in range(seeds):
        for task in tasks:
            for arm in arms:
                rate = best_rate(study, task, arm.rate_of or arm.name)
                for count in (count for count in task.documents if not counts or count in counts):
                    yield task, arm, Run(task.name, arm.name, count, seed, rate)


def arms_tried(study: Study, task: ScoredTask, arms: Sequence[Arm]) -> list[Arm]:
    """Returns the arms whose learning rates for a task have been tried."""
    return [arm for arm in arms if None not in map(study.scores, choice_runs(task, ARMS[arm.rate_of or arm.name]))]


def best_rate(study: Study, task: ScoredTask, arm_name: str) -> float:
    """Returns the learning rate with the best mean validation score.

    Raises:
        ValueError: the learning rates of the arm have not been tried.
    """
    sums: dict[float, float] = defaultdict(float)
    for run in choice_runs(task, ARMS[arm_name]):
        scores = study.scores(run)
        if scores is None:
            raise ValueError(f"--arms: add {arm_name}, whose learning rate is needed for {task.name}")
        sums[run.learning_rate] += scores[task.metric]
    return max(sums, key=sums.__getitem__)


def all_scores(study: Study, tests: Sequence[tuple[ScoredTask, Arm, Run]]) -> Scores:
    """Returns the scores of the test runs."""
    scores: dict[tuple[str, str, int], dict[int, float]] = defaultdict(dict)
    for task, arm, run in tests:
        if (found := study.scores(run)) is not None:
            scores[task.name, arm.name, run.documents][run.seed] = found[task.metric]
    return scores


def tables(
    study: Study,
    tasks: Sequence[ScoredTask],
    arms: Sequence[Arm],
    scores: Scores,
    whole: Sequence[tuple[ScoredTask, Run]],
) -> Iterator[str]:
    """Yields the tables of the page."""
    for task in tasks:
        yield scores_table(task, arms, scores)
        own = [arm for arm in arms_tried(study, task, arms) if not arm.rate_of]
        rates = ", ".join(f"{arm.title} {best_rate(study, task, arm.name):g}" for arm in own)
        yield f"Learning rates, chosen on validation documents: {rates}."
    yield differences_table(tasks, PAIRS, scores)
    for task in tasks:
        if table := robustness_table(study, task, [run for other, run in whole if other is task]):
            yield table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.transfer",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--documents", nargs="+", required=True, metavar="WHAT", help="documents of the corpus")
    parser.add_argument("--tasks", type=Path, required=True, metavar="FOLDER", help="the data sets, a folder each")
    parser.add_argument("--work", type=Path, required=True, metavar="FOLDER", help="corpus, models and scores")
    parser.add_argument("--only", nargs="+", default=["cord-r"], metavar="TASK", help="tasks (%(default)s)")
    parser.add_argument("--arms", nargs="+", default=list(MAIN_ARMS), metavar="ARM", help="arms (%(default)s)")
    parser.add_argument("--seeds", type=int, default=5, help="seeds per arm, task and number (%(default)s)")
    parser.add_argument(
        "--train_documents",
        nargs="+",
        type=int,
        default=[],
        metavar="N",
        help="numbers of documents to train on; 0: all of a task (default: those of each task)",
    )
    parser.add_argument("--size", default="tiny", help="size of the model (%(default)s)")
    parser.add_argument("--steps", type=int, default=1200, help="steps of pretraining with 16 pages (%(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="commands side by side, a thread each (%(default)s)")
    parser.add_argument("--damage", action="store_true", help="also score on damaged pages")
    parser.add_argument("--tables_only", action="store_true", help="run nothing: tables and pictures of what is there")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="write a PNG per task")
    add_table_flag(parser)
    return parser


if __name__ == "__main__":
    main()
