"""CORD (Park et al. 2019): the parse of photographed receipts, with words and corners of the data set.

Files of version 2 have the parse as `gt_parse`. Files of the first version do not have it: it is made of their lines,
which name the field and the group that they belong to. Licence of the data: CC-BY-4.0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from schemas.page_file import FilePage, GivenWord
from trainer.tasks.answers.data_set import QuestionSet
from trainer.tasks.answers.parses import parse_scores, text_of
from trainer.tasks.datasets.layout import expecting, find_files, read_json
from trainer.tasks.datasets.ocr_files import hull_of_corners
from trainer.tasks.datasets.pages import image_of
from trainer.tasks.items import Item, ItemDocument

LAYOUT = "CORD: train/image/receipt_*.png and train/json/receipt_*.json (also in CORD/), likewise dev and test"
QUESTION = "What is on the receipt?"
LISTED = "menu", "void_menu"  # their fields belong to items, by `group_id`
SUB = "sub_"  # `menu.sub_nm` is `nm` of a part of an item
T = TypeVar("T")
CORNERS = "x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4"


class Cord(QuestionSet):
    """All fields of receipts as one answer. The metrics are those of Donut: F1 of fields, and accuracy of the tree."""

    name = "cord"
    splits = ("train", "dev", "test")
    validation = "dev"
    score = staticmethod(parse_scores)
    metric = "field_f1"
    max_target_tokens = 512

    def documents(self, folder: Path, split: str) -> Iterator[ItemDocument]:
        """Yields the receipts of a split, each with one item."""
        for name, page, annotation in read_receipts(folder, split, _annotation):
            yield ItemDocument(name, (page,), (Item(name, annotation),))


def read_receipts(folder: Path, split: str, read: Callable[[dict[str, Any]], T]) -> Iterator[tuple[str, FilePage, T]]:
    """Yields name and page of the receipts of a split, and what `read` makes of the record of each.

    Raises:
        UsageError: the folder has another layout, or a file another form.
    """
    for path in find_files(folder, LAYOUT, f"{split}/json/*.json", f"CORD/{split}/json/*.json"):
        image = path.parents[1].relative_to(folder) / "image" / f"{path.stem}.png"
        with expecting(path, "a receipt of CORD"):
            record = read_json(path)
            found = _page(record, image_of(folder, image.as_posix())), read(record)
        yield path.stem, *found


def _annotation(record: dict[str, Any]) -> dict[str, Any]:
    parse = record["gt_parse"] if "gt_parse" in record else parse_of_lines(record["valid_line"])
    return {"question": QUESTION, "answers": [text_of(parse)], "parse": parse, "shown": []}


def _page(record: dict[str, Any], image: str) -> FilePage:
    words = [word for line in record["valid_line"] for word in line["words"]]
    size = record["meta"]["image_size"]
    return FilePage(
        image,
        words=tuple(GivenWord(word["text"], hull_of_corners([word["quad"][c] for c in CORNERS])) for word in words),
        size=(size["width"], size["height"]),
    )


def parse_of_lines(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns the parse that the lines of a receipt describe. Words that print the name of a field are left out.

    Several lines of one field in a group are a list of texts.
    """
    parse: dict[str, Any] = {}
    groups: dict[tuple[Any, ...], dict[str, Any]] = {}
    for line in lines:
        top, _, field = line["category"].partition(".")
        text = " ".join(word["text"] for word in line["words"] if not word["is_key"])
        if not text.strip():
            continue
        group = _group(groups, parse, top, (top, line["group_id"]) if top in LISTED else (top,))
        if field.startswith(SUB):
            field = field.removeprefix(SUB)
            group = _group(groups, group, "sub", (top, line["group_id"], line.get("sub_group_id", 0)))
        _add(group, field, text)
    return parse


def _group(
    groups: dict[tuple[Any, ...], dict[str, Any]], parent: dict[str, Any], key: str, name: tuple[Any, ...]
) -> dict[str, Any]:
    """Returns the group of a name. A new one becomes a value of `key` in its parent."""
    if name not in groups:
        groups[name] = {}
        _add(parent, key, groups[name])
    return groups[name]


def _add(group: dict[str, Any], key: str, value: Any) -> None:
    """Adds a value to those of a key. Only several values are a list."""
    known = group.get(key)
    group[key] = value if known is None else [*(known if isinstance(known, list) else [known]), value]


DATA_SET = Cord()
