"""Tests of the parts of the settings, and of another command that uses them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import pytest

from schemas import UsageError
from trainer.settings.data import CorpusSettings, DataSettings
from trainer.settings.engine import EngineSettings
from trainer.settings.pretrain import PretrainConfig
from trainer.settings.reading.pretrain_command import parse_command_line
from trainer.settings.run import RunSettings
from trainer.settings.training import TrainingConfig, flags, flags_by_part


@dataclass(frozen=True)
class OtherConfig(TrainingConfig):
    """The settings of a command without the objectives of pretraining."""

    task: str = "questions"


@pytest.mark.parametrize(
    ("part", "wrong", "message"),
    [
        (DataSettings, {"workers": -1}, "--workers must not be negative, got -1"),
        (DataSettings, {"shuffle_shards": 0}, "--shuffle_shards must be at least 1, got 0"),
        (CorpusSettings, {"val_share": 1.0}, "--val_share must be in [0, 1), got 1.0"),
        (DataSettings, {"pad_multiple": 2**31}, "--pad_multiple must be at most 2147483647, got 2147483648"),
        (RunSettings, {"max_hours": float("nan")}, "--max_hours must not be negative, got nan"),
        (RunSettings, {"seed": 2**63}, "--seed must be at most 9223372036854775807"),
        (EngineSettings, {"zero_stage": 4}, "--zero_stage must be 0, 1, 2 or 3, got 4"),
    ],
)
def test_each_part_checks_its_values_alone_and_when_combined(part, wrong, message):
    for kind in (part, PretrainConfig, *([] if part is CorpusSettings else [OtherConfig])):
        with pytest.raises(UsageError) as refused:
            kind(**wrong)
        assert message in str(refused.value)


def test_another_command_has_the_shared_parts_but_not_what_only_pretraining_needs():
    names = {item.name for item in fields(OtherConfig)}
    assert {"workers", "output", "dtype", "optimizer", "model", "task"} <= names
    assert not {"objectives", "corpus"} & names


def test_every_flag_belongs_to_exactly_one_part():
    names = [name for part in flags_by_part(PretrainConfig).values() for name in part]
    assert sorted(names) == sorted(set(names)) == sorted(flags(PretrainConfig))


def test_help_lists_the_flags_by_part(capsys):
    with pytest.raises(SystemExit):
        parse_command_line(["--help"])
    text = capsys.readouterr().out
    headings = [text.index(f"\n{part}:\n") for part in ("data", "run", "engine")]
    assert headings == sorted(headings)
    assert headings[0] < text.index("  --shuffle_shards X") < headings[1] < text.index("  --max_hours X") < headings[2]


def test_a_tilde_means_the_home_directory_in_flags_and_in_yaml(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    paths = ("output", "tokenizer", "cache_dir", "init_from", "upload_to")
    (tmp_path / "run.yaml").write_text("corpus: ['~/a:0.3']\n" + "".join(f"{name}: ~/{name}\n" for name in paths))
    from_file = parse_command_line(["--config=~/run.yaml"])
    from_flags = parse_command_line(["--corpus=~/a:0.3", *(f"--{name}=~/{name}" for name in paths)])
    assert from_file == from_flags
    assert from_flags.corpus == [f"{tmp_path}/a:0.3"]
    assert {name: getattr(from_flags, name) for name in paths} == {name: f"{tmp_path}/{name}" for name in paths}
    assert parse_command_line(["--corpus", "a", "--output", "b"]).cache_dir == f"{tmp_path}/.cache/folio"
