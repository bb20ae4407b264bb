"""Advice for names that are not settings: the setting that has another name here, or the most similar one."""

from __future__ import annotations

from schemas.support.nearest import nearest
from trainer.settings.reading.reserved_keys import FROM_CORPUS
from trainer.settings.training import TrainingConfig, flags, sections, setting_types

OTHER_NAMES = {
    "corpus": "data data_dir data_path dataset dataset_dir dataset_name dataset_path train_data train_dir train_file",
    "output": "checkpoint_dir exp_dir log_dir logdir logging_dir out out_dir output_dir run_dir save_dir",
    "init_from": "finetune init model_name_or_path pretrained pretrained_model",
    "tokenizer": "tokenizer_name tokenizer_path",
    "global_batch": "batch batch_size bs total_batch_size train_batch_size",
    "micro_batch": "batch_size_per_gpu per_device_batch_size per_device_train_batch_size per_gpu_batch_size "
    "per_gpu_train_batch_size train_micro_batch_size_per_gpu",
    "max_steps": "epoch epochs iterations iters max_epochs max_iters max_train_steps n_epochs num_epochs num_steps "
    "num_train_epochs num_train_steps num_training_steps steps total_steps train_epochs train_steps",
    "max_hours": "max_time time_limit walltime",
    "save_every": "checkpoint_every checkpoint_interval save_freq save_interval save_steps",
    "keep_last": "save_total_limit",
    "val_every": "eval_every eval_freq eval_interval eval_steps val_check_interval val_freq val_interval val_steps",
    "val_share": "eval_split test_size val_split validation_split",
    "log_every": "log_freq log_interval log_steps logging_steps print_every print_freq",
    "wandb_project": "report_to use_wandb wandb",
    "workers": "dataloader_num_workers n_workers num_proc num_workers",
    "seed": "manual_seed random_seed",
    "dtype": "amp bf16 data_type fp16 fp32 half mixed_precision precision torch_dtype",
    "zero_stage": "stage zero",
    "compile": "torch_compile",
    "optimizer.learning_rate": "base_lr lr max_lr peak_lr",
    "optimizer.final_lr_share": "final_lr min_lr",
    "optimizer.warmup_steps": "lr_warmup_steps num_warmup_steps warmup warmup_iters warmup_ratio",
    "optimizer.weight_decay": "wd",
    "optimizer.clip_norm": "clip clip_grad clip_grad_norm grad_clip gradient_clip gradient_clip_val "
    "gradient_clipping max_grad_norm",
    "optimizer.beta1": "adam_beta1",
    "optimizer.beta2": "adam_beta2",
    "optimizer.eps": "adam_eps adam_epsilon epsilon",
    "objectives.max_text_tokens": "block_size context_length max_length max_seq_len max_seq_length seq_len seq_length",
    "objectives.noise_density": "mask_prob mask_ratio mlm_probability",
    "model.dropout": "dropout_prob dropout_rate hidden_dropout_prob",
    "model.activation_checkpointing": "activation_checkpoint gradient_checkpointing",
    "model.d_model": "dim hidden_dim hidden_size",
    "model.heads": "n_heads num_attention_heads num_heads",
    "model.encoder_layers": "depth layers n_layers num_layers",
}
"""Names by which other programs call our settings."""

UNITS = {
    "global_batch": "pages per step, over all ranks",
    "micro_batch": "pages per rank and pass",
    "max_steps": "steps of the whole run; an epoch is pages / global batch steps",
    "val_share": "share of the documents",
    "dtype": "bf16 or fp32",
    "optimizer.final_lr_share": "share of the peak",
    "model.encoder_layers": "also model.decoder_layers",
}
"""Shown with a setting of another name, where one could take it for something else."""

_AGAIN = "the same command resumes the run in --output from its last checkpoint"
_LAUNCHER = "it is for the launcher, before the script: deepspeed --num_gpus N trainer/pretrain.py ..."
_PASSES = "it follows from --global_batch, --micro_batch and the number of ranks"
_DEEPSPEED = "set the keys of DeepSpeed by deepspeed.KEY=VALUE, or in the section deepspeed of --config FILE"
_SCHEDULE = "the learning rate is a cosine after a warm-up: set optimizer.warmup_steps and optimizer.final_lr_share"
_ADAMW = "AdamW is the only optimizer; its settings are optimizer.learning_rate and the other keys of optimizer"
_SIZE = "use --model tiny, small, base or large"
_CORPUS = "the corpus decides it, leave it out"

ADVICE = {
    _AGAIN: "auto_resume checkpoint ckpt ckpt_path load load_checkpoint resume resume_from resume_from_checkpoint",
    _LAUNCHER: "devices gpus master_addr master_port n_gpu ngpus nnodes nproc_per_node num_accelerators num_gpus "
    "num_nodes num_processes world_size",
    _PASSES: "accumulate_grad_batches accumulation_steps grad_accum grad_accum_steps gradient_accumulation "
    "gradient_accumulation_steps",
    _DEEPSPEED: "deepspeed deepspeed_config ds_config zero_optimization",
    _SCHEDULE: "lr_schedule lr_scheduler lr_scheduler_type scheduler",
    _ADAMW: "optim optimizer optimizer_name",
    _SIZE: "arch model_name model_size model_type size",
    "use --config FILE": "config config_file",
    _CORPUS: " ".join(("grid", "vocab", *FROM_CORPUS)),
}
"""Advice for names that have no setting here."""


def advice_for(name: str, kind: type[TrainingConfig], *, flag: bool) -> str:
    """Returns advice as the end of a sentence that says that a setting does not exist; starts with `;` or `:`.

    Args:
        name: what the user wrote, such as `--batch-size` or `optimizer.lr`.
        kind: the settings of the command.
        flag: whether it was typed as a flag. The advice then shows how the setting is typed on the command line.
    """
    key = name.lstrip("-").replace("-", "_").lower()
    short = key.rpartition(".")[2]
    for text, names in ADVICE.items():
        if short in names.split():
            return f": {text}"
    known = setting_types(kind)
    if key in known and not flag and "." in key:
        section, _, last = key.partition(".")
        return f": in YAML it is a key within its section, as in `{section}: {{{last}: VALUE}}`"
    setting = next((setting for setting, names in OTHER_NAMES.items() if short in names.split()), None)
    if setting in known:
        unit = f" ({UNITS[setting]})" if setting in UNITS else ""
        return f"; did you mean {_typed(setting, kind, flag=flag)}{unit}?"
    near = nearest(key, _known(kind) if "." in key else [*_known(kind), *sections(kind)])
    if near:
        return f"; did you mean {_typed(near, kind, flag=flag)}?"
    return "; --help lists the flags" if flag else "; --help and RUN/config.yaml list all settings"


def _known(kind: type[TrainingConfig]) -> list[str]:
    """Returns the names of all flags and settings that a user may set."""
    settings = [name for name in setting_types(kind) if name.rpartition(".")[2] not in FROM_CORPUS]
    return ["model", "config", "dry_run", *settings]


def _typed(setting: str, kind: type[TrainingConfig], *, flag: bool) -> str:
    if not flag:
        return setting
    return f"--{setting}" if setting in (*flags(kind), "model", "config", "dry_run") else f"{setting}=VALUE"
