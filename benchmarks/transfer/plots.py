"""The results of a study as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.transfer.arms import Arm
from benchmarks.transfer.scored_tasks import ScoredTask
from benchmarks.transfer.spreads import spread
from benchmarks.transfer.tables import Scores, documents_title


def plot_scores(task: ScoredTask, arms: Sequence[Arm], scores: Scores, path: Path) -> None:
    """Writes a PNG: the score over the number of documents, a line per arm, with one deviation over seeds."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    for arm in arms:
        known = [
            (place, spread(list(values.values())))
            for place, count in enumerate(task.documents)
            if (values := scores.get((task.name, arm.name, count)))
        ]
        if known:
            places = [place for place, _ in known]
            means, deviations = [value.mean for _, value in known], [value.sd for _, value in known]
            axes.errorbar(places, means, deviations, marker="o", capsize=3, label=arm.title)
    axes.set_xticks(range(len(task.documents)), [documents_title(count) for count in task.documents])
    axes.set_ylabel(f"{task.name}: {task.metric}")
    axes.grid(alpha=0.3)
    axes.legend(title="pretraining")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})
