"""A training step of Folio compared with T5 of the transformers library: same shape, dtype and batch, one process.

Both read only text and get the same ids. A step is forward, backward and an AdamW update of float32 weights.

OMP_NUM_THREADS=1 python -m benchmarks.training.train_cpu --table benchmarks/results/training/train_cpu.md
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

import torch
import transformers
from torch import Tensor, nn
from torch.profiler import profile

from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish
from trainer.model.config import MODEL_SIZES, ModelConfig
from trainer.model.docformer import DocFormerV2
from trainer.model.flops import flops_per_sequence
from trainer.model.outcome import Outcome

TEXT, TARGET = 640, 128  # tokens; 640 = 128 patches and 512 tokens of a page
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
FOLIO, PEERS = "Folio", ("eager", "sdpa")
PRODUCTS = ("aten::mm", "aten::bmm", "aten::baddbmm")


class TrainingStep:
    """A model with its optimizer. bfloat16 weights have float32 master copies, as with DeepSpeed."""

    def __init__(self, model: nn.Module, loss: Callable[[], Tensor], *, fused: bool | None) -> None:
        self.loss = loss
        self.weights = [weight for weight in model.parameters() if weight.requires_grad]
        self.masters = [weight.detach().float().clone() for weight in self.weights]
        self.optimizer = torch.optim.AdamW(self.masters, lr=1e-4, fused=fused)

    def __call__(self) -> float:
        """Takes a step and returns its loss."""
        loss = self.loss()
        loss.backward()
        with torch.no_grad():
            for weight, master in zip(self.weights, self.masters, strict=True):
                master.grad = weight.grad.float()
                weight.grad = None
            self.optimizer.step()
            for weight, master in zip(self.weights, self.masters, strict=True):
                weight.copy_(master)
        return float(loss.detach())


def folio_step(config: ModelConfig, ids: Tensor, labels: Tensor, dtype: torch.dtype) -> TrainingStep:
    """Returns a step of DocFormerV2 without boxes, patches and pretraining heads, which makes it a T5."""
    model = DocFormerV2(config).to(dtype).train()
    batch = {
        "input_ids": ids,
        "text_mask": torch.ones_like(ids, dtype=torch.bool),
        "boxes": torch.zeros(*ids.shape, 4, dtype=torch.long),
        "box_visible": torch.zeros_like(ids, dtype=torch.bool),
        "labels": labels,
    }
    model.boxes.requires_grad_(False)
    return TrainingStep(model, lambda: mean_loss(model(batch)["labels"]), fused=True)


def mean_loss(outcome: Outcome) -> Tensor:
    """Returns the mean cross entropy, as T5 does."""
    return outcome.loss_sum / outcome.answers


def t5_config(config: ModelConfig) -> transformers.T5Config:
    """Returns the configuration of a T5 of the same shape in the transformers library, without dropout."""
    return transformers.T5Config(
        vocab_size=config.vocab_size,
        d_model=config.d_model,
        d_kv=config.d_kv,
        d_ff=config.d_ff,
        num_heads=config.heads,
        num_layers=config.encoder_layers,
        num_decoder_layers=config.decoder_layers,
        relative_attention_num_buckets=config.relative_buckets,
        relative_attention_max_distance=config.relative_max_distance,
        dropout_rate=0.0,
        decoder_start_token_id=config.pad_id,
    )


def peer_step(
    config: ModelConfig, ids: Tensor, labels: Tensor, dtype: torch.dtype, attention: str, fused: bool | None = None
) -> TrainingStep:
    """Returns a step of the unmodified T5ForConditionalGeneration, with the given attention implementation."""
    model = transformers.T5ForConditionalGeneration._from_config(t5_config(config), attn_implementation=attention)
    model = model.to(dtype).train()
    mask = torch.ones_like(ids)
    return TrainingStep(
        model, lambda: model(input_ids=ids, attention_mask=mask, labels=labels, use_cache=False).loss, fused=fused
    )


def compare(config: ModelConfig, batch: int, text: int, target: int, repeats: int) -> dict[tuple[str, str], float]:
    """Returns the smallest CPU-seconds of a step by model and dtype. The models alternate; the first round is ignored.

    "matrix products" is the time of the matrix products in Folio's step: a lower bound for any arrangement of the rest.
    """
    torch.manual_seed(0)
    ids = torch.randint(2, config.vocab_size - 128, (batch, text))
    labels = torch.randint(2, config.vocab_size - 128, (batch, target))
    steps = {}
    for name, dtype in DTYPES.items():
        steps[FOLIO, name] = folio_step(config, ids, labels, dtype)
        for peer in PEERS:
            steps[f"T5 {peer}", name] = peer_step(config, ids, labels, dtype, peer)
    rounds = [{contender: cpu_seconds(step) for contender, step in steps.items()} for _ in range(repeats + 1)]
    seconds = {contender: min(times[contender] for times in rounds[1:]) for contender in steps}
    products = {name: product_share(steps[FOLIO, name]) * seconds[FOLIO, name] for name in DTYPES}
    return seconds | {("matrix products", name): value for name, value in products.items()}


def cpu_seconds(step: TrainingStep) -> float:
    """Returns the CPU time of one step."""
    start = time.process_time()
    step()
    return time.process_time() - start


def product_share(step: TrainingStep) -> float:
    """Returns the share of matrix products in the time of a step."""
    with profile() as watched:
        step()
    times = {event.key: event.self_cpu_time_total for event in watched.key_averages()}
    return sum(times[name] for name in PRODUCTS) / sum(times.values())


def table(seconds: dict[tuple[str, str], float], flops: float) -> str:
    """Returns the results as Markdown: seconds per step, GFLOP/s, and time relative to Folio's steps."""
    lines = [
        "| step of | dtype | CPU-seconds | GFLOP/s | relative to Folio, same dtype | relative to Folio, bf16 |",
        "|---|---|---|---|---|---|",
    ]
    for (who, dtype), value in seconds.items():
        same, best = value / seconds[FOLIO, dtype], value / seconds[FOLIO, "bf16"]
        lines.append(f"| {who} | {dtype} | {value:.2f} | {flops / value / 1e9:.0f} | {same:.2f} x | {best:.2f} x |")
    return "\n".join(lines)


def main() -> None:
    """Measures and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="small", choices=MODEL_SIZES)
    parser.add_argument("--batch", type=int, default=2, help="pages per step")
    parser.add_argument("--repeats", type=int, default=3, help="rounds; the best one counts")
    add_table_flag(parser)
    flags = parser.parse_args()
    config = replace(MODEL_SIZES[flags.model], image_height=0)
    seconds = compare(config, flags.batch, TEXT, TARGET, flags.repeats)
    result = table(seconds, flags.batch * flops_per_sequence(config, TEXT, TARGET))
    threads = torch.get_num_threads()
    result += f"\n\n{flags.model}, batch {flags.batch}, {TEXT} + {TARGET} tokens, {threads} thread(s), {machine()}"
    publish(result, flags.table)


if __name__ == "__main__":
    main()
