"""Tests of the settings and of the command line."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest

from schemas import UsageError
from trainer.model.config import MODEL_SIZES
from trainer.settings.pretrain import PretrainConfig
from trainer.settings.reading.loading import CONFIG_DIR, load_config, to_yaml
from trainer.settings.reading.pretrain_command import parse_command_line
from trainer.settings.reading.reserved_keys import SET_BY
from trainer.settings.training import sections, setting_types

NEEDED = ("--corpus", "OUT", "--output", "RUN")


def test_flags_and_overrides_are_accepted_in_any_order():
    config = parse_command_line(
        [*NEEDED, "optimizer.learning_rate=1e-4", "--model", "base", "model.dropout=0.1", "--seed=7", "workers=3"]
    )
    assert config.corpus == ["OUT"]
    assert config.seed == 7
    assert config.workers == 3
    assert config.optimizer.learning_rate == 1e-4
    assert config.model.dropout == 0.1
    assert config.model.d_model == MODEL_SIZES["base"].d_model


def test_later_sources_override_earlier_ones(tmp_path):
    file = tmp_path / "own.yaml"
    file.write_text("global_batch: 12\nseed: 1\noptimizer:\n  learning_rate: 0.5\n")
    config = load_config("tiny", str(file), {"seed": "2"}, ["optimizer.learning_rate=0.25"])
    assert (config.global_batch, config.seed, config.optimizer.learning_rate) == (12, 2, 0.25)
    assert config.dtype == "fp32", "the value of configs/tiny.yaml, which no later source overrides"


def test_saved_settings_are_loaded_unchanged(tmp_path):
    config = load_config(
        "large", None, {"corpus": ["a=b: [c", "OUT:0.5"]}, ["deepspeed.zero_optimization.overlap_comm=true"]
    )
    (tmp_path / "config.yaml").write_text(to_yaml(config))
    assert load_config("tiny", str(tmp_path / "config.yaml")) == config


@pytest.mark.parametrize("name", [*MODEL_SIZES, "demo"])
def test_the_packaged_settings_begin_with_hardware_speed_loss_and_model(name):
    file = CONFIG_DIR / f"{name}.yaml"
    load_config("tiny", str(file))
    subjects = [line[2:].partition(":")[0] for line in file.read_text().splitlines() if re.match(r"# \w", line)]
    assert subjects == ["Hardware", "Pages/s", "Wall time", "Loss", "Model"]


def test_every_model_size_has_a_settings_file():
    assert all((CONFIG_DIR / f"{size}.yaml").is_file() for size in MODEL_SIZES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed: 1\nmax_step: 3", "own.yaml, line 2: there is no setting max_step; did you mean max_steps?"),
        ("optimizer:\n  learning_rat: 1", "did you mean optimizer.learning_rate?"),
        ("optimizer:\n  lr: 1", "line 2: there is no setting optimizer.lr; did you mean optimizer.learning_rate?"),
        ("batch_size: 8", "line 1: there is no setting batch_size; did you mean global_batch (pages per step, "),
        ("optimizer.eps: 1", "in YAML it is a key within its section, as in `optimizer: {eps: VALUE}`"),
        ("corpus: OUT", "own.yaml, line 1: corpus: use --corpus OUT, or in YAML corpus: [OUT]"),
        ("corpus: [[OUT]]", "own.yaml, line 1: corpus must be a list of texts, got [['OUT']]"),
        ("corpus: [OUT, null]", "own.yaml, line 1: corpus must be a list of texts, got ['OUT', None]"),
        ("compile: perhaps", "own.yaml, line 1: compile must be true or false, got perhaps"),
        ("model:\n\n  heads: many", "own.yaml, line 3: model.heads must be a whole number, got many"),
        ("optimizer:\n  eps: abc", "own.yaml, line 2: optimizer.eps must be a number, got abc"),
        ("optimizer: {eps: [1]}", "own.yaml, line 1: optimizer.eps must be a number, got [1]"),
        ("optimizer:", "own.yaml, line 1: optimizer is a section, got nothing: set one of its keys"),
        ("seed:", "own.yaml, line 1: seed must be a whole number, got nothing"),
        ("seed: 1.5", "own.yaml, line 1: seed must be a whole number, got 1.5"),
        ("output: [RUN]", "own.yaml, line 1: output must be text, got ['RUN']"),
        ("dtype: fp16", "own.yaml, line 1: dtype must be bf16 or fp32, got fp16"),
        ("seed: ${nope}", "seed: Interpolation key 'nope' not found"),
        ("deepspeed:\n  zero_optimization:\n    stage: 3", "deepspeed.zero_optimization.stage is determined by"),
        ("max_hours: -1", "--max_hours must not be negative, got -1.0"),
        ("seed: 1\nb: c: d", "own.yaml, line 2 cannot be read: mapping values are not allowed"),
        ("seed: 1\nseed: 2", "own.yaml, line 2 cannot be read: found duplicate key seed"),
        ("null: 3", "own.yaml cannot be read: Incompatible key type 'NoneType'"),
    ],
)
def test_a_wrong_key_or_value_in_a_yaml_file_is_refused_with_its_place(tmp_path, text, message):
    (tmp_path / "own.yaml").write_text(text)
    with pytest.raises(UsageError) as refused:
        load_config("tiny", str(tmp_path / "own.yaml"))
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_dry_run_is_a_flag_without_a_value():
    assert parse_command_line(["--dry_run", "optimizer.learning_rate=1e-4", *NEEDED]).dry_run
    assert not parse_command_line([*NEEDED]).dry_run


def test_the_launchers_local_rank_is_accepted():
    assert parse_command_line(["--local_rank=1", *NEEDED]).output == "RUN"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--model", "huge"], "--model huge: choose one of tiny, small, base, large"),
        (["--max_step", "3"], "unknown flag --max_step; did you mean --max_steps?"),
        (["--qqq"], "unknown flag --qqq; --help lists the flags"),
        (["--seed"], "--seed needs a value after it; see --help"),
        (["--compile"], "--compile needs true or false after it"),
        (["--compile", "model.dropout=0"], "--compile must be true or false, got model.dropout=0"),
        (["--change_ranks"], "--change_ranks needs true or false after it"),
        (["--dry_run", "false"], "--dry_run takes no value: omit it for a real run"),
        (["--dry_run=false"], "--dry_run takes no value: omit it for a real run"),
        (["--learning_rate", "1"], "unknown flag --learning_rate; did you mean optimizer.learning_rate=VALUE?"),
        (["--lr=1"], "unknown flag --lr; did you mean optimizer.learning_rate=VALUE?"),
        (["learning_rate=1"], "there is no setting learning_rate; did you mean optimizer.learning_rate?"),
        (["qqq=1"], "there is no setting qqq; --help and RUN/config.yaml list all settings"),
        (["optimizer.learning_rate=abc"], "optimizer.learning_rate must be a number, got abc"),
        (["optimizer.eps="], "optimizer.eps must be a number, got nothing"),
        (["optimizer.eps=["], "optimizer.eps=[: the value cannot be read: "),
        (["optimizer.=1"], "optimizer.=1: expected key=value"),
        (["corpus=OUT"], "corpus: use --corpus OUT"),
        (["model=tiny"], "model: use --model tiny"),
        (["optimizer=adam"], "optimizer is a section, got adam: set one of its keys, as in optimizer.KEY=VALUE"),
        (["deepspeed=3"], "deepspeed is a section"),
        (["--seed", "9223372036854775808"], "--seed must be at most 9223372036854775807, got 9223372036854775808"),
        (["--max_steps", "99999999999"], "--max_steps must be at most 2147483647, got 99999999999"),
        (["--max_steps", "4", "--profile_steps", "3:9"], "--profile_steps 3:9 exceeds the last step"),
        (["--max_steps", "4", "--profile_steps", "99:120"], "choose within 1:4, or raise --max_steps"),
        (["--seed", "x"], "--seed must be a whole number, got x"),
        (["--max_steps", "1e5"], "--max_steps must be a whole number, got 1e5"),
        (["--val_share", "2%"], "--val_share must be a number, got 2%"),
        (["--dtype", "fp8"], "--dtype must be bf16 or fp32, got fp8"),
        (["--zero_stage", "4"], "--zero_stage must be 0, 1, 2 or 3, got 4"),
        (["--zero_stage", "0", "--dtype", "bf16"], "use --zero_stage 1"),
        (["--zero_stage", "3", "--compile", "true"], "--compile true does not work with --zero_stage 3"),
        (["--max_steps", "0"], "--max_steps must be at least 1, got 0"),
        (["--max_skipped", "0"], "--max_skipped must be at least 1, got 0"),
        (["--skip_grad_norm", "nan"], "--skip_grad_norm must not be negative, got nan"),
        (["--seed", "-1"], "--seed must not be negative, got -1"),
        (["--pad_multiple", "5"], "--pad_multiple must be even and at least 2, got 5"),
        (["--val_share", "1"], "--val_share must be in [0, 1)"),
        (["--config", "no/such.yaml"], "no/such.yaml cannot be read (No such file or directory): give a YAML file"),
        (["--config", "."], "--config . cannot be read (Is a directory): give a YAML file, such as RUN/config.yaml"),
        (["optimiser.learning_rate=1"], "there is no setting optimiser; did you mean optimizer?"),
        (["objectives.grid_wieght=1"], "did you mean objectives.grid_weight?"),
        (["objectives.line_weight=-1"], "objectives.line_weight must not be negative, got -1.0"),
        (["objectives.grid_weight=nan"], "objectives.grid_weight must not be negative, got nan"),
        (
            ["objectives.denoise_weight=0", "objectives.line_weight=0", "objectives.grid_weight=0"],
            "objectives.denoise_weight, objectives.line_weight, objectives.grid_weight are all 0",
        ),
        (["model.dropout=2"], "model.dropout must lie in [0, 1), got 2.0"),
        (["model.d_model=0"], "model.d_model must be at least 1, got 0"),
        (["optimizer.learning_rate=0"], "optimizer.learning_rate must be above 0, got 0.0"),
        (["optimizer.learning_rate=nan"], "optimizer.learning_rate must be above 0, got nan"),
        (["optimizer.warmup_steps=-1"], "optimizer.warmup_steps must not be negative, got -1"),
        (["optimizer.clip_norm=-1"], "optimizer.clip_norm must not be negative, got -1.0"),
        (["optimizer.beta2=1"], "optimizer.beta2 must be in [0, 1), got 1.0"),
        (["optimizer.final_lr_share=2"], "optimizer.final_lr_share must be in [0, 1], got 2.0"),
        (["stray"], "stray: expected key=value"),
    ],
)
def test_a_wrong_argument_is_refused_with_advice(words, message):
    with pytest.raises(UsageError) as refused:
        parse_command_line([*NEEDED, *words])
    assert message in str(refused.value)
    assert refused.value.exit_code == 2


def test_two_settings_may_refer_to_each_other_in_yaml(tmp_path):
    (tmp_path / "own.yaml").write_text("max_steps: 70\nsave_every: ${max_steps}\n")
    assert load_config("tiny", str(tmp_path / "own.yaml")).save_every == 70


@pytest.mark.parametrize("name", [name for name, kind in setting_types(PretrainConfig).items() if kind == "float"])
def test_nan_is_refused_by_every_setting(name):
    section, _, key = name.rpartition(".")
    with pytest.raises(UsageError, match=name):
        if section == "model":
            replace(MODEL_SIZES["tiny"], **{key: math.nan})
        else:
            sections(PretrainConfig).get(section, PretrainConfig)(**{key: math.nan})


@pytest.mark.parametrize("key", SET_BY)
def test_a_deepspeed_key_that_our_settings_determine_is_refused(key):
    with pytest.raises(UsageError) as refused:
        load_config("tiny", overrides=[f"deepspeed.{key}=3"])
    assert str(refused.value) == f"deepspeed.{key} is determined by other settings here: use {SET_BY[key]}"


@pytest.mark.parametrize("missing", ["--corpus", "--output"])
def test_corpus_and_output_are_required(missing):
    position = NEEDED.index(missing)
    with pytest.raises(UsageError, match=f"{missing} is missing"):
        parse_command_line(NEEDED[:position] + NEEDED[position + 2 :])


def test_a_yaml_file_without_settings_is_refused(tmp_path):
    (tmp_path / "list.yaml").write_text("- 1\n")
    with pytest.raises(UsageError, match="no `key: value` settings"):
        load_config("tiny", str(tmp_path / "list.yaml"))


def test_a_config_file_that_is_not_text_is_refused_and_named(tmp_path):
    (tmp_path / "own.yaml").write_bytes(b"seed: \xff\xfe\x00")
    with pytest.raises(UsageError, match=r"--config .*own\.yaml cannot be read"):
        load_config("tiny", str(tmp_path / "own.yaml"))
