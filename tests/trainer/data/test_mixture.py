"""The values of `--corpus`: paths, URLs and weights."""

from __future__ import annotations

import pytest

from schemas import UsageError
from trainer.data.mixture import mixture


@pytest.mark.parametrize(
    ("spec", "path", "weight"),
    [
        ("OUT", "OUT", None),
        ("OUT:0.7", "OUT", 0.7),
        ("gs://bucket/OUT:3", "gs://bucket/OUT", 3.0),
        ("gs://bucket/OUT", "gs://bucket/OUT", None),
        ("2024", "2024", None),
        ("scans:new", "scans:new", None),
        ("scans:2024.05.01", "scans:2024.05.01", None),
    ],
)
def test_the_weight_is_the_number_after_the_last_colon(spec, path, weight):
    assert mixture([spec]) == [(path, weight)]


@pytest.mark.parametrize(
    "url", ["http://host:8080", "https://name:secret@host.example:443", "http://[::1]:8080", "http://[fe80::1]:80"]
)
def test_the_port_of_a_url_is_not_a_weight_and_a_weight_may_follow_it(url):
    assert mixture([url]) == [(url, None)]
    assert mixture([f"{url}:2"]) == [(url, 2.0)]
    assert mixture([f"{url}/OUT:2"]) == [(f"{url}/OUT", 2.0)]


@pytest.mark.parametrize(("weight", "meant"), [("70%", "0.7"), ("70 %", "0.7"), ("0,7", "0.7"), ("12,5%", "0.125")])
def test_a_weight_in_another_notation_is_refused_with_the_correct_notation(weight, meant):
    with pytest.raises(UsageError, match=f"^--corpus OUT:{weight}: a weight is a plain number: write {meant} for "):
        mixture([f"OUT:{weight}"])


@pytest.mark.parametrize("weight", ["0", "-1", "nan", "inf", "1e999"])
def test_a_weight_that_is_not_a_number_above_0_is_refused(weight):
    with pytest.raises(UsageError, match=f"^--corpus OUT:{weight}: expected a path, or PATH:WEIGHT"):
        mixture([f"OUT:{weight}"])


@pytest.mark.parametrize("spec", ["", " ", ":0.7"])
def test_an_empty_corpus_path_is_refused(spec):
    with pytest.raises(UsageError, match=f"^--corpus '{spec}' is empty"):
        mixture([spec])


def test_weights_with_an_infinite_sum_are_refused():
    with pytest.raises(UsageError, match=r"^--corpus: the weights are too large to add up"):
        mixture(["a:1e308", "b:1e308"])


def test_more_corpora_than_samples_in_a_cycle_are_refused():
    assert len(mixture([f"part-{number}" for number in range(1000)])) == 1000
    with pytest.raises(UsageError, match=r"^--corpus: a run mixes up to 1000 corpora, got 1001"):
        mixture([f"part-{number}" for number in range(1001)])
