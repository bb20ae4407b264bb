"""Training speed on one device by model size, micro-batch and compilation, with synthetic batches and with shards.

Each row is measured in a new process, by the code of a training run. It also works on a CPU, but without MFU:

python -m benchmarks.training.train_gpu --corpus OUT --table benchmarks/results/training/train_gpu.md
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator

import torch

from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish
from schemas import load_tokenizer
from trainer.data.batches import sample_order
from trainer.data.corpora import open_corpora
from trainer.data.loader import PageDataset, load_batches
from trainer.data.sample_order import RankBatches
from trainer.engine.parameter_groups import lr_scales
from trainer.engine.schedule import set_learning_rate
from trainer.engine.start import memory_gb, start_engine
from trainer.model.batch import Batch
from trainer.model.config import MODEL_SIZES
from trainer.model.docformer import DocFormerV2
from trainer.pretrain import train_step
from trainer.run.records.throughput import Throughput, total_peak_tflops
from trainer.run.setup import fit_to_corpora, pretraining
from trainer.settings.pretrain import PretrainConfig
from trainer.settings.reading.loading import load_config
from trainer.tasks.pretraining.task import Pretraining

SYNTHETIC = "synthetic"
COLUMNS = {"mfu": "MFU", "pages_per_s": "pages/s", "memory_gb": "memory, GB", "data_wait": "data wait"}


def synthetic_batch(config: PretrainConfig) -> Batch:
    """Returns a batch of random pages without padding: every text and target has the largest length allowed."""
    generator = torch.Generator().manual_seed(config.seed)
    model, objectives, pages = config.model, config.objectives, config.micro_batch
    text, target, pairs = objectives.max_text_tokens, objectives.max_target_tokens, objectives.line_pairs

    def draw(below: int, *shape: int) -> torch.Tensor:
        return torch.randint(below, (pages, *shape), generator=generator)

    batch = {
        "input_ids": draw(model.vocab_size, text),
        "text_mask": torch.ones(pages, text, dtype=torch.bool),
        "boxes": draw(500, text, 4).sort(-1).values,
        "box_visible": torch.ones(pages, text, dtype=torch.bool),
        "cells": draw(model.grid_cells, text),
        "line_pairs": draw(text, pairs, 2),
        "line_classes": draw(model.line_classes, pairs),
        "labels": draw(model.vocab_size, target),
        "images": draw(256, model.image_height, model.image_width, 3).to(torch.uint8),
        "patch_boxes": draw(1000, model.visual_tokens, 4),
        "patch_visible": torch.ones(pages, model.visual_tokens, dtype=torch.bool),
    }
    if torch.cuda.is_available():
        batch = {name: value.pin_memory() for name, value in batch.items()}
    return {**batch, "keys": [f"noise-{page}" for page in range(pages)], "bad": []}


def real_batches(config: PretrainConfig, steps: int) -> tuple[PretrainConfig, Pretraining, Iterator[Batch]]:
    """Returns the settings, adapted to the corpus, the task, and the batches of a run from its start."""
    corpora, tokenizer = open_corpora(config)
    config = fit_to_corpora(config, corpora, tokenizer)
    task = pretraining(config, tokenizer)
    dataset = PageDataset([corpus.train for corpus in corpora], task, config.model, config.seed)
    micro_batches = RankBatches(
        sample_order(config, corpora),
        dataset.length,
        global_batch=config.global_batch,
        micro_batch=config.micro_batch,
        rank=0,
        ranks=1,
        consumed=0,
        steps=steps,
    )
    batches = load_batches(dataset, micro_batches, pad_multiple=config.pad_multiple, workers=config.workers)
    return config, task, batches


def measure(config: PretrainConfig, warmup: int, steps: int) -> dict[str, float]:
    """Returns the rates of `Throughput` over `steps` steps after the warm-up, and `memory_gb`."""
    if config.corpus:
        config, task, batches = real_batches(config, warmup + steps)
    else:
        task, batches = pretraining(config, load_tokenizer(config.tokenizer)), itertools.repeat(synthetic_batch(config))
    torch.manual_seed(config.seed)
    model = DocFormerV2(config.model, task.make_heads)
    engine = start_engine(model, config, config.micro_batch, lr_scales(model))
    throughput = Throughput(total_peak_tflops(engine.device, config))
    for step in range(1, warmup + steps + 1):
        set_learning_rate(engine, 1e-4)
        read_metrics = step in (warmup, warmup + steps)
        result = train_step(engine, batches, task, config, step, stop=False, read_metrics=read_metrics)
        throughput.add(config.global_batch, result.tokens, result.positions, result.flops, result.data_wait_s)
        if step == warmup:
            throughput.rates()
    return {**throughput.rates(), "memory_gb": memory_gb()}


def measure_apart(size: str, settings: dict[str, str], flags: argparse.Namespace) -> dict[str, float] | None:
    """Returns the result of `measure` in a new process; None if the memory is not sufficient.

    Raises:
        RuntimeError: the process failed for another reason.
    """
    plan = json.dumps([size, settings, flags.override, flags.warmup, flags.steps])
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.training.train_gpu", "--row", plan], capture_output=True, text=True
    )
    if done.returncode and "out of memory" in done.stderr:
        return None
    if done.returncode:
        raise RuntimeError(done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def table_row(size: str, data: str, settings: dict[str, str], rates: dict[str, float] | None) -> str:
    """Returns a row of the table."""
    compiled = "yes" if settings["compile"] == "true" else "no"
    figures = ["out of memory", *[""] * (len(COLUMNS) - 1)]
    if rates:
        mfu, pages, memory, wait = (rates.get(name) for name in COLUMNS)
        figures = ["" if mfu is None else f"{mfu:.1%}", f"{pages:.1f}", f"{memory:.1f}", f"{wait:.1%}"]
    return "| " + " | ".join([size, data, settings["micro_batch"], compiled, *figures]) + " |"


def sweep(flags: argparse.Namespace) -> Iterator[str]:
    """Yields the lines of the table as soon as they are measured."""
    yield "| model | data | micro-batch | compiled | " + " | ".join(COLUMNS.values()) + " |"
    yield "|---" * (4 + len(COLUMNS)) + "|"
    sources = [SYNTHETIC, *([flags.corpus] if flags.corpus else [])]
    for size, data, micro_batch, compiled in itertools.product(
        flags.models, sources, flags.micro_batches, flags.compile
    ):
        settings = {"micro_batch": micro_batch, "global_batch": micro_batch, "compile": compiled}
        if data != SYNTHETIC:
            settings |= {"corpus": data, "workers": str(flags.workers)}
        rates = measure_apart(size, settings, flags)
        yield table_row(size, data if data == SYNTHETIC else "shards", settings, rates)


def main() -> None:
    """Measures all rows and writes the table, or with `--row` prints one row as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["small", "base", "large"], choices=MODEL_SIZES)
    parser.add_argument("--micro_batches", nargs="+", default=["16", "32", "64", "128"])
    parser.add_argument("--compile", nargs="+", default=["false", "true"], choices=["false", "true"])
    parser.add_argument("--corpus", help="a corpus, to measure with its shards too")
    parser.add_argument("--workers", type=int, default=12, help="loader processes")
    parser.add_argument("--warmup", type=int, default=5, help="steps before the measurement")
    parser.add_argument("--steps", type=int, default=20, help="measured steps")
    parser.add_argument("--override", nargs="*", default=[], help="any setting, such as optimizer.eps=1e-8")
    add_table_flag(parser)
    parser.add_argument("--row", help=argparse.SUPPRESS)
    flags = parser.parse_args()
    if flags.row:
        size, settings, overrides, warmup, steps = json.loads(flags.row)
        corpus = {"corpus": [settings.pop("corpus")]} if "corpus" in settings else {}
        print(json.dumps(measure(load_config(size, None, settings | corpus, overrides), warmup, steps)))
        return
    lines = []
    for line in sweep(flags):
        print(line, file=sys.stderr, flush=True)  # a row takes minutes
        lines.append(line)
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    publish("\n".join([*lines, "", f"{device}, torch {torch.__version__}, {machine()}"]), flags.table)


if __name__ == "__main__":
    main()
