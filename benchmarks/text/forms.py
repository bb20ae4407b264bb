"""Reading order on real forms with labelled fields: the share of relations that go forward, and to the next word.

python -m benchmarks.text.forms --forms FUNSD/annotations/*.json --xfund zh.train.json --table PAGE

A relation is a pair of words that are read one after the other: two words of a field, and the last word of a label
with the first word of its value. Labels are left out whose value is above them or before them on their row (a rule to
sign on, a box to tick): there the link is no reading order. The files of XFUND at hand hold no words, so that a field
counts as one word there. Neither FUNSD nor XFUND is part of Folio.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish
from benchmarks.text.lines import READERS, Reader

Form = tuple[np.ndarray, float, float, list[tuple[int, int]], list[tuple[int, int]]]
"""Boxes (n, 4), width, height, relations in fields, relations from labels to values. A relation is a pair of words."""


def read_form(fields: Sequence[dict[str, Any]], size: tuple[float, float] | None = None) -> Form:
    """Returns the words and relations of a form. Without `size`, its words reach the right and the bottom edge."""
    boxes: list[list[float]] = []
    ends: dict[int, tuple[int, int]] = {}
    for field in fields:
        words = [word["box"] for word in field["words"] or [field] if word["text"].strip()]
        if words:
            ends[field["id"]] = len(boxes), len(boxes) + len(words) - 1
        boxes += words
    array = np.array(boxes, float).reshape(-1, 4)
    within = [(word, word + 1) for first, last in ends.values() for word in range(first, last)]
    kind = {field["id"]: field["label"] for field in fields}
    links = {(one, other) for field in fields for one, other in field["linking"] if one in ends and other in ends}
    pairs = [(ends[one][1], ends[other][0]) for one, other in sorted(links)
             if (kind[one], kind[other]) == ("question", "answer")]  # fmt: skip
    width, height = size or array[:, 2:].max(axis=0)
    return array, width, height, within, [pair for pair in pairs if _follows(array, *pair)]


def _follows(boxes: np.ndarray, label: int, value: int) -> bool:
    """Returns whether a value is not above its label, nor before it on one row."""
    (x0, y0, _, y1), (_, other_y0, other_x1, other_y1) = boxes[label], boxes[value]
    one_row = min(y1, other_y1) > max(y0, other_y0)
    return not (one_row and other_x1 <= x0) and not (not one_row and other_y1 <= (y0 + y1) / 2)


def forms_of(funsd: Sequence[Path], xfund: Sequence[Path]) -> Iterator[tuple[str, Form]]:
    """Yields the forms of both data sets with the name of their set. FUNSD is cut into halves by place in the list."""
    for place, path in enumerate(sorted(funsd)):
        fields = json.loads(path.read_text(encoding="utf-8"))["form"]
        yield f"FUNSD, {('even', 'odd')[place % 2]} files", read_form(fields)
    for path in xfund:
        for document in json.loads(path.read_text(encoding="utf-8"))["documents"]:
            size = document["img"]["width"], document["img"]["height"]
            yield f"XFUND {path.name.split('.')[0]}", read_form(document["document"], size)


def shares(reader: Reader, forms: Sequence[Form]) -> str:
    """Returns the number of relations, and the shares forward and to the next word, as cells of a table."""
    cells = []
    for part in (3, 4):
        steps = np.concatenate([_steps(reader, form, part) for form in forms])
        cells.append(
            f"{len(steps):,} | {np.mean(steps > 0):.4f} | {np.mean(steps == 1):.4f}" if len(steps) else " | | "
        )
    return " | ".join(cells)


def _steps(reader: Reader, form: Form, part: int) -> np.ndarray:
    boxes, width, height = form[:3]
    order, _ = reader(boxes, width, height)
    place = np.empty(len(order), int)
    place[order] = np.arange(len(order))
    pairs = np.array(form[part], int).reshape(-1, 2)
    return place[pairs[:, 1]] - place[pairs[:, 0]]


def main() -> int:
    """Measures and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--forms", type=Path, nargs="*", default=[], help="annotation files of FUNSD")
    parser.add_argument("--xfund", type=Path, nargs="*", default=[], help="annotation files of XFUND")
    add_table_flag(parser)
    options = parser.parse_args()
    sets: dict[str, list[Form]] = {}
    for name, form in forms_of(options.forms, options.xfund):
        sets.setdefault(name, []).append(form)
    rows = [
        "| forms | count | reader | in fields | forward | next | label to value | forward | next |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, forms in sets.items():
        rows += [f"| {name} | {len(forms)} | {label} | {shares(reader, forms)} |" for label, reader in READERS.items()]
    publish("\n".join([*rows, "", machine()]), options.table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
