"""Generation by Folio compared with `generate` of the transformers library: a T5 of the same shape and weights.

Both read the same ids, without boxes and patches, and generate the same number of tokens greedily with a key/value
cache. The time includes the encoder. The two alternate; medians count.

OMP_NUM_THREADS=1 python -m benchmarks.training.generate --table benchmarks/results/training/generate.md
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import torch
import transformers
from torch import Tensor

from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish
from benchmarks.training.train_cpu import t5_config
from trainer.model.config import MODEL_SIZES, ModelConfig
from trainer.model.docformer import DocFormerV2
from trainer.model.generation import generate
from trainer.model.t5_import import import_t5

TEXT = 512  # tokens of the encoder
BATCHES = (1, 8)
PEERS = ("sdpa", "eager")


def folio_model(config: ModelConfig, peer: torch.nn.Module) -> DocFormerV2:
    """Returns a DocFormerV2 with the weights of a T5. Its eos is an id that is never generated."""
    model = DocFormerV2(config).eval()
    with TemporaryDirectory() as folder:
        peer.save_pretrained(folder)
        import_t5(model, Path(folder))
    model.config = replace(config, eos_id=config.vocab_size - 1)
    return model


def peer_model(config: ModelConfig, attention: str) -> torch.nn.Module:
    """Returns an unmodified T5 whose generation never ends early."""
    torch.manual_seed(0)
    model = transformers.T5ForConditionalGeneration._from_config(t5_config(config), attn_implementation=attention)
    model.generation_config.eos_token_id = None
    return model.eval()


def runs(config: ModelConfig, ids: Tensor, new_tokens: int) -> dict[str, Callable[[], Tensor]]:
    """Returns a function per contender that generates `new_tokens` tokens for `ids` and returns them."""
    peers = {name: peer_model(config, name) for name in PEERS}
    ours = folio_model(config, peers["sdpa"])
    batch = {
        "input_ids": ids,
        "text_mask": torch.ones_like(ids, dtype=torch.bool),
        "boxes": torch.zeros(*ids.shape, 4, dtype=torch.long),
        "box_visible": torch.zeros_like(ids, dtype=torch.bool),
    }
    options = {"attention_mask": torch.ones_like(ids), "max_new_tokens": new_tokens, "do_sample": False}

    def theirs(peer: torch.nn.Module) -> Callable[[], Tensor]:
        return lambda: peer.generate(input_ids=ids, **options)[:, 1:]

    return {
        "Folio": lambda: generate(ours, batch, new_tokens).ids,
        **{f"T5 {name}": theirs(peer) for name, peer in peers.items()},
    }


def measure(config: ModelConfig, batch: int, new_tokens: int, repeats: int) -> dict[str, float]:
    """Returns the median CPU-seconds of each contender. The first round is ignored.

    Raises:
        ValueError: the contenders generated different tokens.
    """
    ids = torch.randint(2, config.vocab_size - 128, (batch, TEXT), generator=torch.Generator().manual_seed(1))
    contenders = runs(config, ids, new_tokens)
    texts = [run() for run in contenders.values()]
    if not all(torch.equal(texts[0], text) for text in texts):
        raise ValueError("the contenders generated different tokens")
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(repeats):
        for name, run in contenders.items():
            start = time.process_time()
            run()
            seconds[name].append(time.process_time() - start)
    return {name: median(times) for name, times in seconds.items()}


def main() -> None:
    """Measures and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="small", choices=MODEL_SIZES)
    parser.add_argument("--new_tokens", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=5)
    add_table_flag(parser)
    flags = parser.parse_args()
    config = replace(MODEL_SIZES[flags.model], image_height=0)
    lines = ["| batch | who | CPU-seconds | tokens/s | Folio is faster by |", "|---|---|---|---|---|"]
    for batch in BATCHES:
        seconds = measure(config, batch, flags.new_tokens, flags.repeats)
        for name, value in seconds.items():
            rate = batch * flags.new_tokens / value
            lines.append(f"| {batch} | {name} | {value:.3f} | {rate:.1f} | {value / seconds['Folio']:.2f} x |")
    about = f"{flags.model}, fp32, {TEXT} text tokens, {flags.new_tokens} new tokens, greedy"
    lines.append(
        f"\n{about}, {torch.get_num_threads()} thread(s), transformers {transformers.__version__}, {machine()}"
    )
    publish("\n".join(lines), flags.table)


if __name__ == "__main__":
    main()
