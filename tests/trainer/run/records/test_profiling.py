"""Tests of the profiler."""

from __future__ import annotations

import json
from contextlib import contextmanager

import pytest
import torch

from schemas import UsageError
from trainer.run.records.profiling import StepProfiler
from trainer.settings.pretrain import PretrainConfig


def take_steps(profiler: StepProfiler, first: int, last: int) -> None:
    for step in range(first, last + 1):
        with profiler.watching(step), torch.profiler.record_function(f"step {step}"):
            torch.ones(8, 8) @ torch.ones(8, 8)


@pytest.mark.parametrize(("first", "profiled"), [(1, {"step 2", "step 3"}), (3, {"step 3"})])
def test_trace_and_table_contain_only_the_requested_steps(tmp_path, first, profiled):
    take_steps(StepProfiler((2, 3), tmp_path / "profile"), first, 4)
    events = json.loads((tmp_path / "profile" / "trace.json").read_text())["traceEvents"]
    assert {event["name"] for event in events if str(event.get("name")).startswith("step ")} == profiled
    assert "aten::mm" in (tmp_path / "profile" / "operators.txt").read_text()


def test_nothing_is_written_if_no_step_is_profiled(tmp_path):
    take_steps(StepProfiler(None, tmp_path / "profile"), 1, 2)
    take_steps(StepProfiler((8, 9), tmp_path / "profile"), 1, 2)
    assert not (tmp_path / "profile").exists()


def test_the_trace_is_started_and_written_while_the_throughput_is_paused(tmp_path):
    written = []

    @contextmanager
    def paused():
        before = (tmp_path / "profile" / "trace.json").exists()
        yield
        written.append((before, (tmp_path / "profile" / "trace.json").exists()))

    take_steps(StepProfiler((2, 3), tmp_path / "profile", paused), 1, 4)
    assert written == [(False, False), (False, True)]


@pytest.mark.parametrize("text", ["5", "5:4", "0:3", "a:b", "1:2:3", ":"])
def test_a_wrong_range_is_refused(text):
    with pytest.raises(UsageError, match=f"--profile_steps {text}: expected"):
        PretrainConfig(profile_steps=text)
