"""Effect of hidden boxes: accuracy of both heads in training, and of each model with boxes shown or hidden.

python -m benchmarks.training.leak --corpus corpus --work runs \\
    --table benchmarks/results/training/leak.md --plot docs/images/leak.png

The cell of a token is a function of its own box, and the distance of two lines is nearly a function of their boxes. So
a head can copy its answer where boxes are shown, and has to read the page where they are hidden. There is one run per
share of hidden boxes. At the end every model is evaluated under every share, on the same held-out pages.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish
from trainer import distributed
from trainer.data.corpora import open_corpora
from trainer.data.loader import PageDataset
from trainer.model.docformer import DocFormerV2
from trainer.run.held_out import Evaluation
from trainer.run.records.log import read_log
from trainer.run.setup import fit_to_corpora, pretraining
from trainer.settings.pretrain import PretrainConfig
from trainer.settings.reading.loading import load_config
from trainer.tasks.pretraining.heads import PretrainingHeads

SHARES = (0.0, 0.3, 0.5, 1.0)
HEADS = ("line", "grid")


def train(corpus: str, run: Path, share: float, steps: int) -> None:
    """Runs the trainer, or resumes a run."""
    words = ["--corpus", corpus, "--output", str(run), "--model", "tiny", "--max_steps", str(steps)]
    words += [
        "--val_share",
        "0.1",
        "--val_every",
        str(max(1, steps // 16)),
        "--save_every",
        str(steps),
        "--workers",
        "0",
    ]
    command = [sys.executable, "trainer/pretrain.py", *words, f"objectives.hidden_box_share={share}"]
    subprocess.run(command, check=True)


class Weights:
    """A trained model with the methods of DeepSpeed's engine that an evaluation calls."""

    device = torch.device("cpu")

    def __init__(self, run: Path, config: PretrainConfig) -> None:
        self.model = DocFormerV2(config.model, PretrainingHeads)
        states = sorted((run / "checkpoints").glob("step-*/mp_rank_00_model_states.pt"))[-1]
        self.model.load_state_dict(torch.load(states, weights_only=False)["module"])

    def __call__(self, batch: Any) -> Any:
        """Returns the outcomes of a batch."""
        return self.model(batch)

    def train(self, mode: bool = True) -> None:
        """Sets training mode."""
        self.model.train(mode)

    def eval(self) -> None:
        """Sets evaluation mode."""
        self.model.eval()


def accuracies(run: Path) -> dict[float, dict[str, float]]:
    """Returns for every share of hidden boxes the metrics of a run's model on its held-out pages."""
    settings = load_config("tiny", str(run / "config.yaml"))
    corpora, tokenizer = open_corpora(settings)
    config = fit_to_corpora(settings, corpora, tokenizer)
    weights = Weights(run, config)
    found = {}
    for share in SHARES:
        changed = replace(config, objectives=replace(config.objectives, hidden_box_share=share))
        task = pretraining(changed, tokenizer)
        dataset = PageDataset([corpus.held_out for corpus in corpora], task, changed.model, changed.seed)
        found[share] = Evaluation(dataset, changed.val_pages, 8, changed.pad_multiple).run(weights)
    return found


def table(found: dict[float, dict[float, dict[str, float]]], pages: float, steps: int) -> str:
    """Returns the accuracies as Markdown: one row per model, two columns per share of the evaluation."""
    columns = " | ".join(f"{head}, {share:g} hidden" for share in SHARES for head in HEADS)
    lines = [f"| trained with | {columns} |", "|---" * (1 + len(SHARES) * len(HEADS)) + "|"]
    for trained, rows in found.items():
        values = " | ".join(f"{rows[share][f'val_acc_{head}']:.3f}" for share in SHARES for head in HEADS)
        lines.append(f"| {trained:g} hidden | {values} |")
    return "\n".join(lines) + f"\n\n{pages:.0f} held-out pages, after {steps} steps. {machine()}"


def plot(runs: dict[float, Path], path: Path) -> None:
    """Draws the held-out accuracies of both heads over the steps: one curve per run, each under its own share."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(HEADS), figsize=(10, 4), sharey=True)
    for head, axis in zip(HEADS, axes, strict=True):
        for share, run in runs.items():
            rows = [row for row in read_log(run) if "val_loss" in row]
            axis.plot([row["step"] for row in rows], [row[f"val_acc_{head}"] for row in rows], label=f"{share:g}")
        axis.axhline(1 / 3 if head == "line" else 1 / 16, color="gray", linestyle=":")
        axis.set(title=f"token-to-{head}", xlabel="step", ylim=(0, 1))
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("held-out accuracy")
    axes[0].legend(title="hidden boxes", loc="lower right")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main() -> None:
    """Trains, evaluates, and writes table and plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--work", type=Path, required=True, help="directory for the runs")
    parser.add_argument("--steps", type=int, default=400, help="per run")
    add_table_flag(parser)
    parser.add_argument("--plot", type=Path, required=True, help="PNG file for the plot")
    flags = parser.parse_args()
    runs = {share: flags.work / f"hidden-{share:g}" for share in SHARES}
    for share, run in runs.items():
        train(flags.corpus, run, share, flags.steps)
    distributed.join()
    found = {share: accuracies(run) for share, run in runs.items()}
    publish(table(found, found[SHARES[0]][SHARES[0]]["val_pages"], flags.steps), flags.table)
    plot(runs, flags.plot)


if __name__ == "__main__":
    main()
