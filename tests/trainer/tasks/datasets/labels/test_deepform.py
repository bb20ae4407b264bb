"""DeepForm with labels: an item per invoice, and a page that shows one of its fields."""

from __future__ import annotations

import csv

from tests.trainer.tasks.datasets.files import write_image
from tests.trainer.tasks.item_samples import item_sample
from trainer.tasks.datasets.fields.deepform import MANIFEST, QUESTIONS
from trainer.tasks.datasets.labels.deepform import DATA_SET


def test_an_invoice_is_an_item_with_all_its_values(tmp_path):
    write_image(tmp_path / "pdfs/a1.pdf")
    with (tmp_path / MANIFEST).open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file_id", *QUESTIONS])
        rows.writerow(["a1", "77", "Ann for Mayor", "$1,880.00", "02/03/20", ""])
    [invoice] = [invoice for split in DATA_SET.splits for invoice in DATA_SET.documents(tmp_path, split)]
    [item] = invoice.items
    values = item.annotation["values"]
    assert values["gross_amount"] == ["$1,880.00"]
    assert values["flight_to"] == []
    pages = [item_sample(words, item).page() for words in (["Ann", "for", "you"], ["Total", "$1,880.00"])]
    assert [DATA_SET.shows(item, page) for page in pages] == [False, True]
