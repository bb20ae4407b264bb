"""CORD-r (Zhang et al. 2023, on CORD by Park et al. 2019): fields of receipts, as text, boxes and labels; no images.

Licence of the data: CC-BY-4.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from schemas.geometry import hull
from schemas.page_file import FilePage, GivenWord
from trainer.tasks.datasets.layout import expecting, find_files, read_json
from trainer.tasks.items import Item, ItemDocument
from trainer.tasks.labels.data_set import LabelSet
from trainer.tasks.labels.scores import tags_of
from trainer.tasks.labels.task import OUTSIDE

LAYOUT = "CORD-r: jsons/train_*.json and jsons/valid_*.json"
# The 30 fields of CORD. The files write `menu.sub.nm` where CORD has `menu.sub_nm`.
FIELDS = (
    *(f"menu.{name}" for name in ("nm", "num", "unitprice", "cnt", "discountprice", "price", "itemsubtotal", "vatyn")),
    *(f"menu.{name}" for name in ("etc", "sub.nm", "sub.unitprice", "sub.cnt", "sub.price", "sub.etc")),
    *(f"void_menu.{name}" for name in ("nm", "price")),
    *(f"sub_total.{name}" for name in ("subtotal_price", "discount_price", "service_price", "othersvc_price")),
    *(f"sub_total.{name}" for name in ("tax_price", "etc")),
    *(f"total.{name}" for name in ("total_price", "total_etc", "cashprice", "changeprice", "creditcardprice")),
    *(f"total.{name}" for name in ("emoneyprice", "menutype_cnt", "menuqty_cnt")),
)


class CordR(LabelSet):
    """Fields of receipts as labels of words. The metric is the F1 of entities."""

    name = "cord-r"
    splits = ("train", "valid")
    validation = ""
    labels = tags_of(FIELDS)
    has_images = False

    def documents(self, folder: Path, split: str) -> Iterator[ItemDocument]:
        """Yields the receipts of a split."""
        for path in find_files(folder, LAYOUT, f"jsons/{split}_*.json"):
            with expecting(path, "a receipt of CORD-r"):
                record = read_json(path)
                words, labels = read_receipt(record)
                size = record["img"]["width"], record["img"]["height"]
            page = FilePage("", words=tuple(words), size=size)
            yield ItemDocument(path.stem, (page,), (Item(path.stem, {"labels": [labels]}),))


def read_receipt(record: dict[str, Any]) -> tuple[list[GivenWord], list[str]]:
    """Returns the words of a receipt and the BIO tag of each.

    The file has a box and a number per character. A word is a run of characters of one segment without a blank; its
    entity is that of its first character that has one.
    """
    entity_of = {number: entity for entity in record["label_entities"] for number in entity["word_idx"]}
    words: list[GivenWord] = []
    labels: list[str] = []
    begun: set[int] = set()
    for segment in record["document"]:
        for is_blank, run in groupby(segment["words"], key=lambda character: not character["text"].strip()):
            if is_blank:
                continue
            characters = list(run)
            words.append(
                GivenWord(
                    "".join(character["text"] for character in characters),
                    hull(character["box"] for character in characters),
                )
            )
            entity = next((entity_of[c["id"]] for c in characters if c["id"] in entity_of), None)
            labels.append(OUTSIDE if entity is None else _tag(entity, begun))
    return words, labels


def _tag(entity: dict[str, Any], begun: set[int]) -> str:
    first = entity["entity_id"] not in begun
    begun.add(entity["entity_id"])
    return f"{'B' if first else 'I'}-{entity['label']}"


DATA_SET = CordR()
