"""Starts DeepSpeed around the model, and reads values from its engine that DeepSpeed has no method for."""

from __future__ import annotations

import logging
import os
import warnings
from functools import partial

import torch

if not torch.accelerator.is_available():
    os.environ.setdefault("DS_ACCELERATOR", "cpu")  # otherwise DeepSpeed warns on every rank that it found no GPU
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
    """Connects the ranks and returns DeepSpeed's engine around the model. Collective: all ranks call it.

    Args:
        micro_batch: pages that one rank processes at a time.
        scales: `lr_scale` of each parameter by name.

    Raises:
        UsageError: DeepSpeed rejects the config (see `deepspeed_config`).
    """
    logging.getLogger("DeepSpeed").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=FutureWarning, module="torch.distributed")  # caused by DeepSpeed's calls
    distributed.join()
    if settings.compile:
        compile_layers(model)
    adamw = settings.optimizer
    # DeepSpeed's FusedAdam compiles C++ for minutes at first use. The fused AdamW of torch is as good.
    optimizer = GuardedAdamW(
        parameter_groups(model, adamw.weight_decay, scales),
        skip_grad_norm=settings.skip_grad_norm,
        lr=adamw.learning_rate,
        betas=(adamw.beta1, adamw.beta2),
        eps=adamw.eps,
        fused=True,
    )
    engine, *_ = deepspeed.initialize(model=model, optimizer=optimizer, config=deepspeed_config(settings, micro_batch))
    optimizer.grad_norm = partial(_read_norm, engine)
    return engine


def _read_norm(engine: deepspeed.DeepSpeedEngine) -> float:
    """Returns the gradient norm. DeepSpeed's optimizer stores it before it calls ours; see also `keep_gradient_norm`.

    The first call of a step synchronises with the device and stores a Python float. Later calls only read the float.
    """
    engine.optimizer._global_grad_norm = float(engine.optimizer._global_grad_norm)
    return engine.optimizer._global_grad_norm


def compile_layers(model: DocFormerV2) -> None:
    """Compiles the layers. All layers of a stack share their code. Embeddings and losses are not compiled.

    Shapes are dynamic from the first batch on. Otherwise the kernels would depend on the shapes that were seen first,
    that is, on the step at which a run was resumed, and so would the last bits of its losses.
    """
    for stack in (model.encoder, model.decoder):
        for layer in stack.layers:
            layer.compile(dynamic=True)


def keep_gradient_norm(engine: deepspeed.DeepSpeedEngine) -> None:
    """Stores the gradient norm before clipping for `engine.get_global_grad_norm`. Stage 0 clips without storing it.

    Call it between `engine.backward` and `engine.step`. The norm is not finite if the gradient is not finite.
    """
    if engine.zero_optimization_stage() == 0 and engine.is_gradient_accumulation_boundary():
        gradients = (p.grad for p in engine.module.parameters() if p.grad is not None)
        engine.optimizer._global_grad_norm = torch.nn.utils.get_total_norm(gradients)


def full_weights(engine: deepspeed.DeepSpeedEngine) -> dict[str, torch.Tensor]:
    """Returns the complete fp32 weights by parameter name, on the CPU of every rank. Collective: all ranks call it."""
    weights = {}
    for name, parameter in engine.module.named_parameters():
        # None if the optimizer keeps no copy of the weights, as in stage 0 with fp32.
        whole = safe_get_full_fp32_param(parameter)
        weights[name] = (parameter if whole is None else whole).detach().float().cpu()
    return weights


def memory_gb() -> float:
    """Returns the peak memory of this rank in 1e9 bytes: of its device, or on a CPU the process's resident memory."""
    accelerator = get_accelerator()
    if accelerator.device_name() != "cpu":
        return accelerator.max_memory_allocated() / 1e9
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
