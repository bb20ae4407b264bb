"""`python -m trainer.plot RUN [RUN2 ...]`: losses and accuracies over the steps, against chance, as one PNG."""

from __future__ import annotations

import argparse
import logging
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from schemas import FolioError, UsageError
from trainer.metrics import OBJECTIVES
from trainer.run_log import LOG_NAME, read_log

COLOURS = {"": "#222222", "denoise": "#1f77b4", "line": "#d62728", "grid": "#2ca02c"}
STYLES = (("-", "o"), ("--", "s"), (":", "^"), ("-.", "D"))  # of a run's lines and dots
EXIT_CODES = "exit codes: 0 done, 2 wrong usage"
SMOOTHING_POINTS = 40  # a curve is averaged over about a fortieth of its points, its raw values stay visible behind it


def plot_runs(run_dirs: Sequence[Path], out: Path) -> None:
    """Draws `out` (PNG): losses on the left, accuracies on the right; a colour an objective, a style a run.

    Lines are training steps, dots held-out pages, thin horizontals what guessing reaches.

    Raises:
        UsageError: a run has no row to draw.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 5), layout="constrained")
    FigureCanvasAgg(figure)
    losses, accuracies = figure.subplots(1, 2)
    for number, (run_dir, label) in enumerate(zip(run_dirs, run_labels(run_dirs), strict=True)):
        rows, style = _rows(run_dir), STYLES[number % len(STYLES)]
        for name in ("", *OBJECTIVES):
            _curve(losses, rows, f"loss_{name}".rstrip("_"), COLOURS[name], style, f"{name or 'total'}{label}")
        for name in OBJECTIVES:
            _curve(accuracies, rows, f"acc_{name}", COLOURS[name], style, f"{name}{label}")
    for name, chance in chance_levels(run_dirs[0]).items():
        losses.axhline(-math.log(chance), color=COLOURS[name], linewidth=0.6)
        accuracies.axhline(chance, color=COLOURS[name], linewidth=0.6)
        accuracies.text(0, chance, f" {name} by chance", transform=accuracies.get_yaxis_transform(), **_CHANCE_TEXT)
    losses.set(xlabel="step", ylabel="loss (nats)", ylim=(0, None))
    accuracies.set(xlabel="step", ylabel="accuracy", ylim=(0, 1))
    for axes in (losses, accuracies):
        axes.legend(loc="best", frameon=False, fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle("lines: training, dots: held-out pages", fontsize=9)
    figure.savefig(out, dpi=110)


_CHANCE_TEXT = {"fontsize": 7, "va": "bottom", "color": "#555555"}


def run_labels(run_dirs: Sequence[Path]) -> list[str]:
    """Returns what tells the runs apart in the legend: nothing for one, else names or, where these are alike, paths."""
    if len(run_dirs) == 1:
        return [""]
    alike = len({run_dir.name for run_dir in run_dirs}) < len(run_dirs)
    return [f" {run_dir if alike else run_dir.name}" for run_dir in run_dirs]


def chance_levels(run_dir: Path) -> dict[str, float]:
    """Returns the accuracy that guessing reaches: the line classes are drawn evenly, and so, about, are the cells."""
    model = OmegaConf.load(run_dir / "config.yaml").model
    return {"line": 1 / model.line_classes, "grid": 1 / (model.grid_rows * model.grid_cols)}


def smooth(values: Sequence[float], window: int) -> list[float]:
    """Returns the mean of each value and of up to `window - 1` before it."""
    return [sum(part) / len(part) for i in range(len(values)) if (part := values[max(0, i - window + 1) : i + 1])]


def _rows(run_dir: Path) -> list[dict[str, Any]]:
    if not (run_dir / LOG_NAME).is_file():
        raise UsageError(f"{run_dir} holds no {LOG_NAME}: give the --output directory of a run.")
    if not (rows := read_log(run_dir)):
        raise UsageError(f"{run_dir / LOG_NAME} has no row yet.")
    return rows


def _curve(axes: Any, rows: list[dict[str, Any]], key: str, colour: str, style: tuple[str, str], label: str) -> None:
    steps, values = _series(rows, key)
    line, dot = style
    axes.plot(steps, values, color=colour, linewidth=0.5, alpha=0.3)
    axes.plot(steps, smooth(values, 1 + len(values) // SMOOTHING_POINTS), line, color=colour, label=label)
    axes.plot(*_series(rows, f"val_{key}"), dot, color=colour, markersize=4)


def _series(rows: list[dict[str, Any]], key: str) -> tuple[list[int], list[float]]:
    found = [row for row in rows if row.get(key) is not None]  # None: it was not finite
    return [row["step"] for row in found], [row[key] for row in found]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(
        prog="python -m trainer.plot", description=__doc__, epilog=EXIT_CODES, allow_abbrev=False
    )
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="--output directory of a run")
    parser.add_argument("--output", type=Path, metavar="FILE", help="the PNG to write (default: RUN/loss.png)")
    options = parser.parse_args(argv)
    out = options.output or options.runs[0] / "loss.png"
    try:
        plot_runs(options.runs, out)
    except FolioError as error:
        logging.getLogger("trainer").error(f"error: {error}")
        return error.exit_code
    logging.getLogger("trainer").info(f"wrote {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
