"""Draws the losses and accuracies of runs over the steps, with the level of chance."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from schemas import UsageError
from trainer.run.records.log import LOG_NAME, objective_names, read_log
from trainer.tasks.pretraining.task import guess_levels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TOTAL_COLOUR = "#222222"
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf")  # one per objective
STYLES = (("-", "o"), ("--", "s"), (":", "^"), ("-.", "D"))  # one line style and marker per run
FEW_POINTS = 8  # the points of a curve with fewer points are marked
SMOOTHING_POINTS = 40  # a curve is averaged over about 1/40 of its points; the raw values stay visible behind it


GuessLevels = Callable[[Any], Mapping[str, int]]
"""The method `Task.guess_levels` of the runs to draw."""


def plot_runs(run_dirs: Sequence[Path], out: Path, levels: GuessLevels = guess_levels) -> None:
    """Writes the picture of `draw_runs` to a file.

    Args:
        run_dirs: directories of the runs.
        out: the file; its suffix selects the format.
        levels: see `ways_to_guess`.

    Raises:
        UsageError: see `draw_runs`.
        OSError: the file cannot be written.
    """
    draw_runs(run_dirs, levels).savefig(out, dpi=110)


def draw_runs(run_dirs: Sequence[Path], levels: GuessLevels = guess_levels) -> Figure:
    """Returns a figure with losses on the left and accuracies on the right.

    Each objective has a colour, each run a line style. Lines are training steps, with crosses if there are few of them.
    Dots are held-out pages. Thin horizontal lines are the level of chance.

    Args:
        run_dirs: directories of the runs.
        levels: see `ways_to_guess`.

    Raises:
        UsageError: a run has no row to draw, or no settings.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 5), layout="constrained")
    losses, accuracies = figure.subplots(1, 2)
    runs = [_rows(run_dir) for run_dir in run_dirs]
    names = dict.fromkeys(name for rows in runs for name in _objectives(rows))
    colours = dict(zip(names, cycle(COLOURS), strict=False))
    for number, (rows, label) in enumerate(zip(runs, run_labels(run_dirs), strict=True)):
        style = STYLES[number % len(STYLES)]
        _curve(losses, rows, "loss", TOTAL_COLOUR, style, f"total{label}")
        for name in _objectives(rows):
            _curve(losses, rows, f"loss_{name}", colours[name], style, f"{name}{label}")
            _curve(accuracies, rows, f"acc_{name}", colours[name], style, f"{name}{label}")
    for name, ways in sorted({level for run_dir in run_dirs for level in ways_to_guess(run_dir, levels).items()}):
        if name in colours:
            _horizontal(losses, math.log(ways), f"{name} by chance, 1 in {ways}", colours[name])
            _horizontal(accuracies, 1 / ways, f"{name} by chance, 1 in {ways}", colours[name])
    losses.set(xlabel="step", ylabel="loss (nats)", ylim=(0, None))
    accuracies.set(xlabel="step", ylabel="accuracy", ylim=(0, 1))
    for axes in (losses, accuracies):
        axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        axes.legend(loc="best", frameon=False, fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle("lines, crosses: training; dots: held-out pages", fontsize=9)
    return figure


def _horizontal(axes: Axes, height: float, text: str, colour: str) -> None:
    axes.axhline(height, color=colour, linewidth=0.6)
    place = axes.get_yaxis_transform()  # x is a share of the width of the axes, y is in data units
    axes.text(1, height, text, transform=place, fontsize=7, ha="right", va="bottom", color="#555555")


def run_labels(run_dirs: Sequence[Path]) -> list[str]:
    """Returns the label of each run for the legend: its name, or its path if two names are equal; empty for one run."""
    if len(run_dirs) == 1:
        return [""]
    ambiguous = len({run_dir.name for run_dir in run_dirs}) < len(run_dirs)
    return [f" {run_dir if ambiguous else run_dir.name}" for run_dir in run_dirs]


def _objectives(rows: list[dict[str, Any]]) -> list[str]:
    """Returns the objectives of a run. Every row has all of them, a training row as well as a validation row."""
    return objective_names(rows[0]) or objective_names(rows[0], "val_")


def ways_to_guess(run_dir: Path, levels: GuessLevels = guess_levels) -> dict[str, int]:
    """Returns the number of equally likely answers by objective: 4 means that one guess in 4 is right.

    Args:
        run_dir: directory of the run.
        levels: `Task.guess_levels` of the run's task.

    Raises:
        UsageError: the run's settings cannot be read.
    """
    path = run_dir / "config.yaml"
    try:
        # Not by load_config: it would reject runs of earlier versions whose settings no longer exist.
        return dict(levels(OmegaConf.load(path).model))
    except (OSError, UnicodeDecodeError, YAMLError, OmegaConfBaseException) as error:
        raise UsageError(f"{path} cannot be read: pass the --output directory of a run.") from error


def smooth(values: Sequence[float], window: int) -> list[float]:
    """Returns for each value the mean of it and of up to `window - 1` values before it."""
    return [sum(part) / len(part) for i in range(len(values)) if (part := values[max(0, i - window + 1) : i + 1])]


def _rows(run_dir: Path) -> list[dict[str, Any]]:
    if not (run_dir / LOG_NAME).is_file():
        raise UsageError(f"{run_dir} contains no {LOG_NAME}: pass the --output directory of a run.")
    if not (rows := read_log(run_dir)):
        raise UsageError(f"{run_dir / LOG_NAME} has no row yet.")
    return rows


def _curve(axes: Axes, rows: list[dict[str, Any]], key: str, colour: str, style: tuple[str, str], label: str) -> None:
    steps, values = _series(rows, key)
    line, dot = style
    mark = "x" if len(steps) < FEW_POINTS else ""  # a single point draws no line
    axes.plot(steps, values, color=colour, linewidth=0.5, alpha=0.3)
    smoothed = smooth(values, 1 + len(values) // SMOOTHING_POINTS)
    axes.plot(steps, smoothed, line, marker=mark, color=colour, label=label)
    axes.plot(*_series(rows, f"val_{key}"), dot, color=colour, markersize=4)


def _series(rows: list[dict[str, Any]], key: str) -> tuple[list[int], list[float]]:
    found = [row for row in rows if row.get(key) is not None]  # None: the value was not finite
    return [row["step"] for row in found], [row[key] for row in found]
