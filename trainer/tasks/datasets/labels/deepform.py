"""DeepForm with labels: the words of five fields of invoices."""

from __future__ import annotations

from trainer.tasks.datasets.fields import deepform
from trainer.tasks.labels.fields import FieldLabelSet

DATA_SET = FieldLabelSet(deepform.DATA_SET, tuple(deepform.QUESTIONS))
