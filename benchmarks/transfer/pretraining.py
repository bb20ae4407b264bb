"""The pretraining corpus without the documents of the tasks, and one pretrained model per arm."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.transfer.arms import PRETRAINED
from benchmarks.transfer.commands import run_all, run_command
from benchmarks.transfer.scored_tasks import write_exclusions

MAX_TEXT_TOKENS, MAX_TARGET_TOKENS = 128, 48


@dataclass(frozen=True)
class Pretraining:
    """How all arms are pretrained.

    Attributes:
        documents: values for `--input` of `pipelines.build_corpus`.
        size: value of `--model` of `trainer/pretrain.py`.
        steps: steps of 16 pages.
        work: directory of corpus and models.
        jobs: commands side by side.
    """

    documents: tuple[str, ...]
    size: str
    steps: int
    work: Path
    jobs: int

    def model(self, name: str) -> Path:
        """Returns the run of a pretrained model: a key of `PRETRAINED`."""
        return self.work / "pretrained" / name

    def run(self, names: Iterable[str], data: Sequence[Path]) -> None:
        """Builds the corpus and pretrains the models that do not exist yet.

        Args:
            names: keys of `PRETRAINED`.
            data: folders of the tasks; none of their files gets into the corpus.

        Raises:
            CommandError: a command failed.
        """
        missing = [name for name in names if not (self.model(name) / "model" / "config.json").exists()]
        if missing and not (self.work / "corpus" / "index.json").exists():
            self._build(data)
        run_all([partial(self._pretrain, name) for name in missing], self.jobs, "pretrained")

    def _build(self, data: Sequence[Path]) -> None:
        self.work.mkdir(parents=True, exist_ok=True)
        excluded = self.work / "excluded.sha256"
        print(f"building the corpus without {write_exclusions(data, excluded)} files of the tasks", flush=True)
        flags = ["--exclude", str(excluded), "--output", str(self.work / "corpus"), "--text_source", "pdf"]
        limits = ["--min_words", "10", "--workers", str(self.jobs)]
        command = ["-m", "pipelines.build_corpus", "--input", *self.documents, *flags, *limits]
        run_command(command, self.work / "logs" / "corpus.txt")

    def _pretrain(self, name: str) -> str:
        flags = ["--corpus", str(self.work / "corpus"), "--model", self.size, "--output", str(self.model(name))]
        sizes = ["--global_batch", "16", "--micro_batch", "16", "--max_steps", str(self.steps), "--workers", "0"]
        lengths = [f"objectives.max_text_tokens={MAX_TEXT_TOKENS}", f"objectives.max_target_tokens={MAX_TARGET_TOKENS}"]
        rhythm = ["--val_every", "500", "--save_every", "250", "--keep_last", "1", "--tensorboard", "false"]
        command = ["trainer/pretrain.py", *flags, *sizes, *lengths, *rhythm, *PRETRAINED[name]]
        run_command(command, self.work / "logs" / f"pretrain-{name}.txt")
        return name
