"""Helpers for batches: padding and moving to a device."""

from __future__ import annotations

import ast
import subprocess
import sys

import numpy as np
import torch

from tests.trainer.launches import ROOT
from trainer.model.batch import IGNORE, padded, to_device


def test_rows_of_different_lengths_are_padded_to_the_same_length():
    rows = [np.asarray([[1, 2]], np.int32), np.asarray([[3, 4], [5, 6]], np.int32)]
    stacked = padded(rows, 3, IGNORE)
    assert stacked.dtype == torch.int64
    assert stacked.tolist() == [[[1, 2], [-100, -100], [-100, -100]], [[3, 4], [5, 6], [-100, -100]]]


def test_only_the_tensors_of_a_batch_move_to_the_device():
    batch = {"keys": ["a"], "labels": torch.zeros(1, 2)}
    moved = to_device(batch, "meta")
    assert moved["labels"].device.type == "meta"
    assert moved["keys"] is batch["keys"]


def test_importing_the_model_imports_no_other_package_of_the_trainer():
    program = "import sys, trainer.model.docformer; print([n for n in sys.modules if n.startswith('trainer.')])"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    names = ast.literal_eval(loaded.stdout)
    assert {name.split(".")[1] for name in names} == {"model"}
