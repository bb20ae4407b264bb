"""SROIE, task 3, with labels: the words of company, date, address and total of receipts."""

from __future__ import annotations

from trainer.tasks.datasets.fields import sroie
from trainer.tasks.labels.fields import FieldLabelSet

DATA_SET = FieldLabelSet(sroie.DATA_SET, tuple(sroie.QUESTIONS))
