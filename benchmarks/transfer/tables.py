"""The results of a study as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from benchmarks.transfer.arms import ARMS, Arm
from benchmarks.transfer.robustness import DAMAGES, damaged_score
from benchmarks.transfer.runs import Run, Study
from benchmarks.transfer.scored_tasks import ScoredTask
from benchmarks.transfer.spreads import in_deviations, paired_difference, spread

Scores = Mapping[tuple[str, str, int], Mapping[int, float]]
"""Score by seed, by task, arm and number of documents."""


def scores_table(task: ScoredTask, arms: Sequence[Arm], scores: Scores) -> str:
    """Returns the table of a task: a row per arm, a column per number of documents, mean and deviation over seeds."""
    lines = [_header([f"{task.name}, {task.metric}", *map(documents_title, task.documents)])]
    for arm in arms:
        values = [scores.get((task.name, arm.name, count), {}) for count in task.documents]
        if any(values):
            lines.append(_row([arm.title, *(str(spread(list(v.values()))) if v else "" for v in values)]))
    return "\n".join(lines)


def differences_table(tasks: Sequence[ScoredTask], pairs: Iterable[tuple[str, str]], scores: Scores) -> str:
    """Returns the table of paired differences of arms, over the seeds that both have.

    Args:
        tasks: the tasks.
        pairs: names of an arm and of the arm that it is compared with.
        scores: the scores.
    """
    columns = ["task", "documents", "difference", "mean ± deviation", "in deviations", "seeds"]
    rows = (row for task in tasks for pair in pairs for row in _differences(task, *pair, scores))
    return "\n".join([_header(columns), *map(_row, rows)])


def _differences(task: ScoredTask, name: str, reference: str, scores: Scores) -> Iterator[list[str]]:
    for count in task.documents:
        mine, other = (scores.get((task.name, arm, count), {}) for arm in (name, reference))
        if (difference := paired_difference(mine, other)) is not None:
            title = f"{ARMS[name].title} - {ARMS[reference].title}"
            multiple = f"{in_deviations(difference):.1f}"
            yield [task.name, documents_title(count), title, f"{difference}", multiple, str(difference.seeds)]


def robustness_table(study: Study, task: ScoredTask, runs: Sequence[Run]) -> str:
    """Returns the table of the scores on damaged pages, a row per arm: mean and deviation over seeds.

    It is empty if no run has been scored on damaged pages.
    """
    lines = []
    for arm in dict.fromkeys(run.arm for run in runs):
        mine = [run for run in runs if run.arm == arm]
        columns = [[_clean_score(study, task, run) for run in mine]]
        columns += [[damaged_score(study, task, run, damage) for run in mine] for damage in DAMAGES]
        known = [[value for value in column if value is not None] for column in columns]
        if any(known[1:]):
            lines.append(_row([ARMS[arm].title, *(str(spread(values)) if values else "" for values in known)]))
    header = _header([f"{task.name}, {task.metric}", "clean", *(damage.title for damage in DAMAGES)])
    return "\n".join([header, *lines]) if lines else ""


def _clean_score(study: Study, task: ScoredTask, run: Run) -> float | None:
    scores = study.scores(run)
    return None if scores is None else scores[task.metric]


def documents_title(count: int) -> str:
    """Returns the heading of a number of documents."""
    return f"{count} documents" if count else "all documents"


def _header(columns: Sequence[str]) -> str:
    return f"{_row(columns)}\n{'|---' * len(columns)}|"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
