"""Starts DeepSpeed around the model, and reads from its engine what DeepSpeed does not tell."""

from __future__ import annotations

import logging
import os
import warnings
from functools import partial

import torch

if not torch.accelerator.is_available():
    os.environ.setdefault("DS_ACCELERATOR", "cpu")  # else DeepSpeed warns on every rank that it found nothing better
import deepspeed
from deepspeed.accelerator import get_accelerator
from deepspeed.utils import safe_get_full_fp32_param

from trainer import distributed
from trainer.engine.deepspeed_config import deepspeed_config
from trainer.engine.guarded_adamw import GuardedAdamW
from trainer.engine.parameter_groups import parameter_groups
from trainer.model.docformer import DocFormerV2
from trainer.settings.engine import EngineSettings


def start_engine(
    model: DocFormerV2, settings: EngineSettings, micro_batch: int, scales: dict[str, float]
) -> deepspeed.DeepSpeedEngine:
    """Joins the ranks and wraps the model.

    Args:
        micro_batch: pages that one rank holds at a time.
        scales: `lr_scale` of each parameter by name.
    """
    logging.getLogger("DeepSpeed").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=FutureWarning, module="torch.distributed")  # of calls in DeepSpeed
    distributed.join()
    if settings.compile:
        compile_layers(model)
    adamw = settings.optimizer
    # DeepSpeed's own FusedAdam would compile C++ for minutes at first use; torch's is as good.
    optimizer = GuardedAdamW(
        parameter_groups(model, adamw.weight_decay, scales),
        most_grad_norm=settings.skip_grad_norm,
        lr=adamw.learning_rate,
        betas=(adamw.beta1, adamw.beta2),
        eps=adamw.eps,
        fused=True,
    )
    engine, *_ = deepspeed.initialize(model=model, optimizer=optimizer, config=deepspeed_config(settings, micro_batch))
    optimizer.grad_norm = partial(_read_norm, engine)
    return engine


def _read_norm(engine: deepspeed.DeepSpeedEngine) -> float:
    """Returns the norm that DeepSpeed's optimizers keep before they call ours; `keep_gradient_norm` does so in stage 0.

    Read once: the first parameter group of a step waits for the device; the others and the loop find a number.
    """
    engine.optimizer._global_grad_norm = float(engine.optimizer._global_grad_norm)
    return engine.optimizer._global_grad_norm


def compile_layers(model: DocFormerV2) -> None:
    """Compiles the layers, which of one stack are the same code; embeddings and losses stay as they are.

    With dynamic shapes from the first batch on: kernels for the shapes that were seen first would depend on where a run
    was resumed, and so would the last bits of its losses.
    """
    for stack in (model.encoder, model.decoder):
        for layer in stack.layers:
            layer.compile(dynamic=True)


def keep_gradient_norm(engine: deepspeed.DeepSpeedEngine) -> None:
    """Keeps the norm before clipping for `engine.get_global_grad_norm` in stage 0, which clips without keeping it.

    Call it between `engine.backward` and `engine.step`. The norm is not finite where the gradient is not.
    """
    if engine.zero_optimization_stage() == 0 and engine.is_gradient_accumulation_boundary():
        gradients = (p.grad for p in engine.module.parameters() if p.grad is not None)
        engine.optimizer._global_grad_norm = torch.nn.utils.get_total_norm(gradients)


def full_weights(engine: deepspeed.DeepSpeedEngine) -> dict[str, torch.Tensor]:
    """Returns the whole fp32 weights by parameter name, on the CPU. Collective: all ranks call it, all get them."""
    weights = {}
    for name, parameter in engine.module.named_parameters():
        # None where the optimizer keeps no copy of its own, which is stage 0 in fp32.
        whole = safe_get_full_fp32_param(parameter)
        weights[name] = (parameter if whole is None else whole).detach().float().cpu()
    return weights


def memory_gb() -> float:
    """Returns the most memory this rank has held: the device's, or the process's resident memory on a CPU. In 1e9 B."""
    accelerator = get_accelerator()
    if accelerator.device_name() != "cpu":
        return accelerator.max_memory_allocated() / 1e9
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
