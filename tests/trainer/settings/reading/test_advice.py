"""Tests of the advice for names that are not settings."""

from __future__ import annotations

from collections import Counter

import pytest

from schemas import UsageError
from trainer.settings.pretrain import PretrainConfig
from trainer.settings.reading.advice import ADVICE, OTHER_NAMES, UNITS
from trainer.settings.reading.loading import load_config
from trainer.settings.reading.pretrain_command import parse_command_line
from trainer.settings.reading.reserved_keys import FROM_CORPUS
from trainer.settings.training import setting_types


def _refusal_of(*words: str) -> str:
    with pytest.raises(UsageError) as refused:
        parse_command_line(["--corpus", "OUT", "--output", "RUN", *words])
    return str(refused.value)


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("--batch_size", "did you mean --global_batch (pages per step, over all ranks)?"),
        ("--batch-size=8", "did you mean --global_batch"),
        ("--per_device_train_batch_size", "did you mean --micro_batch (pages per rank and pass)?"),
        ("--epochs", "did you mean --max_steps (steps of the whole run; an epoch is pages / global batch steps)?"),
        ("--num_train_epochs", "did you mean --max_steps"),
        ("--lr", "did you mean optimizer.learning_rate=VALUE?"),
        ("--learning-rate", "did you mean optimizer.learning_rate=VALUE?"),
        ("--optimizer.lr", "did you mean optimizer.learning_rate=VALUE?"),
        ("--weight_decay", "did you mean optimizer.weight_decay=VALUE?"),
        ("--warmup", "did you mean optimizer.warmup_steps=VALUE?"),
        ("--warmup_steps", "did you mean optimizer.warmup_steps=VALUE?"),
        ("--max_grad_norm", "did you mean optimizer.clip_norm=VALUE?"),
        ("--gradient_accumulation_steps", "it follows from --global_batch, --micro_batch and the number of ranks"),
        ("--fp16", "did you mean --dtype (bf16 or fp32)?"),
        ("--precision", "did you mean --dtype"),
        ("--resume", "the same command resumes the run in --output from its last checkpoint"),
        ("--resume_from_checkpoint", "the same command resumes the run"),
        ("--deepspeed", "set the keys of DeepSpeed by deepspeed.KEY=VALUE"),
        ("--data_dir", "did you mean --corpus?"),
        ("--output_dir", "did you mean --output?"),
        ("--num_workers", "did you mean --workers?"),
        ("--save_steps", "did you mean --save_every?"),
        ("--eval_steps", "did you mean --val_every?"),
        ("--logging_steps", "did you mean --log_every?"),
        ("--dropout", "did you mean model.dropout=VALUE?"),
        ("--num_gpus", "it is for the launcher, before the script: deepspeed --num_gpus N"),
        ("--model_size", "use --model tiny, small, base or large"),
        ("--vocab_size", "the corpus decides it, leave it out"),
    ],
)
def test_a_flag_of_another_program_is_refused_with_what_to_type_here(word, advice):
    name = word.partition("=")[0]
    message = _refusal_of(word)
    assert message.startswith(f"unknown flag {name}")
    assert advice in message


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("lr=1e-3", "there is no setting lr; did you mean optimizer.learning_rate?"),
        ("batch_size=8", "there is no setting batch_size; did you mean global_batch (pages per step, over all ranks)?"),
        ("resume=true", "there is no setting resume: the same command resumes the run in --output"),
        ("optimizer.7=1", "there is no setting optimizer.7; did you mean optimizer."),
    ],
)
def test_an_override_of_another_program_is_refused_with_the_key_to_set(word, message):
    assert _refusal_of(word).startswith(message)


def test_a_json_config_of_deepspeed_is_refused_at_its_first_key(tmp_path):
    (tmp_path / "ds.json").write_text('{\n "train_batch_size": 8\n}')
    with pytest.raises(UsageError, match=r"ds\.json, line 2: there is no setting train_batch_size.* global_batch"):
        load_config("tiny", str(tmp_path / "ds.json"))


def test_no_advice_suggests_a_setting_that_the_corpus_decides():
    assert not any(f"model.{name}" in _refusal_of(f"--{name}s") for name in FROM_CORPUS)


def test_every_other_name_is_listed_once_is_no_setting_and_leads_to_a_setting():
    settings = setting_types(PretrainConfig)
    assert {*OTHER_NAMES, *UNITS} <= set(settings)
    names = " ".join([*OTHER_NAMES.values(), *ADVICE.values()]).split()
    assert [name for name, times in Counter(names).items() if times > 1] == []
    assert not set(names) & set(settings)
