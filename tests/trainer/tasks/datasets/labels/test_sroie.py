"""SROIE with labels: an item per receipt."""

from __future__ import annotations

from tests.trainer.tasks.datasets.samples import SAMPLES, needs_samples
from trainer.tasks.datasets.fields.sroie import QUESTIONS
from trainer.tasks.datasets.labels.sroie import DATA_SET
from trainer.tasks.labels.fields import tags_of_values


@needs_samples
def test_nearly_all_values_of_real_receipts_are_found_among_their_words():
    receipts = list(DATA_SET.documents(SAMPLES / "sroie", "train"))
    known = found = 0
    for receipt in receipts:
        [item] = receipt.items
        words = [word for line in receipt.pages[0].words for word in line.text.split()]
        tags = tags_of_values(words, item.annotation["values"])
        keys = [key for key in QUESTIONS if item.annotation["values"][key]]
        known += len(keys)
        found += sum(f"B-{key}" in tags for key in keys)
    assert len(receipts) == 355
    assert found > 0.99 * known
