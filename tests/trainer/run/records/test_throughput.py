"""Tests of the rates in the log, with a clock that the test sets."""

from __future__ import annotations

import pytest
import torch

from tests.trainer.launches import only_rank
from tests.trainer.pages import PRETRAINING, TINY, collated, example_of, page_tokens
from trainer.engine.step import count_flops, count_tokens, dropout_seed
from trainer.model.flops import flops_per_sequence
from trainer.run.records.throughput import Throughput, total_peak_tflops
from trainer.settings.reading.pretrain_command import parse_command_line


class Clock:
    """A clock that changes only when the test sets it."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_rates_are_the_work_per_second_since_they_were_last_read(clock):
    throughput = Throughput(peak_tflops=4.0, clock=clock)
    for _ in range(2):
        clock.now_s += 5.0
        throughput.add(pages=20, tokens=3000, positions=4000, flops=1e13, data_wait_s=1.0)
    expected = {"step_s": 5.0, "pages_per_s": 4.0, "tokens_per_s": 600.0, "tflops": 2.0, "mfu": 0.5, "data_wait": 0.2}
    assert throughput.rates() == pytest.approx({**expected, "padding": 0.25})

    clock.now_s += 2.0
    throughput.add(pages=20, tokens=3000, positions=4000, flops=1e13, data_wait_s=0.0)
    assert throughput.rates()["pages_per_s"] == 10.0


def test_without_a_peak_there_is_no_mfu(clock):
    throughput = Throughput(peak_tflops=None, clock=clock)
    clock.now_s += 5.0
    throughput.add(pages=20, tokens=3000, positions=4000, flops=1e13, data_wait_s=1.0)
    rates = throughput.rates()
    assert rates["tflops"] == 2.0
    assert "mfu" not in rates


def test_the_peak_of_a_cpu_is_not_measured_but_may_be_given():
    for words, expected in ([], None), (["--peak_tflops", "2.5"], 2.5):
        config = parse_command_line(["--corpus", "OUT", "--output", "RUN", "--model", "tiny", *words])
        with only_rank():
            assert total_peak_tflops(torch.device("cpu"), config) == expected


def test_evaluations_and_checkpoints_do_not_lower_the_rates(clock):
    throughput = Throughput(peak_tflops=1.0, clock=clock)
    clock.now_s += 1.0
    throughput.add(pages=8, tokens=0, positions=1, flops=0, data_wait_s=0)
    with throughput.paused():
        clock.now_s += 1000.0
    clock.now_s += 1.0
    throughput.add(pages=8, tokens=0, positions=1, flops=0, data_wait_s=0)
    assert throughput.rates()["pages_per_s"] == 8.0


def test_tokens_and_flops_of_a_batch_do_not_include_padding():
    examples = [example_of(page_tokens([4] * lines)) for lines in (3, 12)]
    lengths = [(len(example.input_ids), len(example.labels)) for example in examples]
    batch = collated(examples, pad_multiple=64)
    assert count_tokens(batch) == sum(map(sum, lengths))
    expected = sum(flops_per_sequence(TINY, text, target) + PRETRAINING.head_flops(text) for text, target in lengths)
    assert count_flops(batch, TINY, PRETRAINING) == expected


def test_dropout_differs_by_seed_step_micro_batch_and_rank():
    seeds = {dropout_seed(*place) for place in ((0, 1, 0, 0), (1, 1, 0, 0), (0, 2, 0, 0), (0, 1, 1, 0), (0, 1, 0, 1))}
    assert len(seeds) == 5
    assert dropout_seed(0, 1, 0, 0) in seeds
    assert all(0 <= seed < 2**63 for seed in seeds)
