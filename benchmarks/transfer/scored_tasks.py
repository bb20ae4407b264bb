"""The tasks that the arms are scored on: where the data is, how much of it is trained on, and for how long."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ScoredTask:
    """One task.

    Attributes:
        name: value of `--task` of `trainer/finetune.py`.
        folder: folder of the data below `--tasks`, in the official layout.
        metric: the score that the tables show.
        test: the split that the scores are from. It is not used for anything else.
        documents: sizes of the training set; 0: all of it. The learning rate is chosen with the first and the last one.
        steps: steps of fine-tuning.
        flags: flags of `trainer/finetune.py`.
    """

    name: str
    folder: str
    metric: str
    test: str
    documents: tuple[int, ...]
    steps: int
    flags: tuple[str, ...] = ()


TASKS = {
    task.name: task
    for task in (
        ScoredTask("cord-r", "cord-r", "f1", "valid", (25, 50, 100, 200, 0), 300, ("--max_text_tokens", "256")),
        ScoredTask("sroie-labels", "sroie", "f1", "test", (50, 100, 0), 300, ("--max_text_tokens", "384")),
        ScoredTask("funsd", "funsd", "f1", "test", (25, 0), 300),
        ScoredTask("funsd-links", "funsd", "f1", "test", (25, 0), 300),
        ScoredTask("docbank", "docbank", "f1", "test", (0,), 300),
        ScoredTask("deepform-labels", "deepform", "f1", "test", (50, 0), 300),
    )
}


def files_below(folders: Iterable[Path]) -> Iterator[Path]:
    """Yields all files below folders, sorted per folder. Links to files are followed."""
    for folder in folders:
        yield from sorted(path for path in folder.rglob("*") if path.is_file())


def write_exclusions(folders: Iterable[Path], path: Path) -> int:
    """Writes the list for `--exclude` of `pipelines.build_corpus`: the hashes of all files of the tasks.

    Returns:
        The number of files.
    """
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}" for file in files_below(folders)]
    path.write_text("".join(f"{line}\n" for line in lines))
    return len(lines)
