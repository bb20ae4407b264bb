"""Data sets are found by their modules, and answer to one name each."""

from __future__ import annotations

import pytest

from schemas import UsageError
from trainer.tasks.datasets import data_set_named, data_sets


def test_data_sets_of_all_folders_are_found():
    assert {"questions", "docvqa", "funsd"} <= data_sets().keys()
    assert all(data_set.name == name for name, data_set in data_sets().items())


def test_every_data_set_trains_on_its_first_split_and_evaluates_on_another_one():
    for data_set in data_sets().values():
        assert data_set.validation in {"", *data_set.splits[1:]}, data_set.name


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match=r"--task fund: choose one of .*docvqa, .*funsd"):
        data_set_named("fund")
