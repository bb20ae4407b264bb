"""Charts: text that runs up or down the page, and its truth."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
import pymupdf
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.samples.document import make_document

UP, DOWN = (0.0, -1.0), (0.0, 1.0)
few = settings(max_examples=10)
indices = st.integers(0, 10_000)


def truth_and_layer(index: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Returns the truth of a chart and the lines of its text layer."""
    document = make_document(3, index, 0.0, ["chart"])
    (page,) = json.loads(document.truth)["pages"]
    with pymupdf.open(stream=document.pdf) as pdf:
        blocks = pdf[0].get_text("dict")["blocks"]
    return page, [line for block in blocks for line in block.get("lines", ())]


def text_of(line: dict[str, Any]) -> str:
    return "".join(span["text"] for span in line["spans"])


def true_lines(page: dict[str, Any]) -> list[str]:
    words: dict[int, list[str]] = {}
    for text, line in zip(page["words"]["text"], page["words"]["line"], strict=True):
        words.setdefault(line, []).append(text)
    return [" ".join(line) for line in words.values()]


@few
@given(index=indices)
def test_every_word_of_the_text_layer_is_in_the_truth(index):
    page, layer = truth_and_layer(index)
    assert Counter(page["words"]["text"]) == Counter(word for line in layer for word in text_of(line).split())


@few
@given(index=indices)
def test_turned_texts_are_the_last_lines_each_in_its_reading_direction(index):
    page, layer = truth_and_layer(index)
    turned = Counter(text_of(line) for line in layer if line["dir"] in (UP, DOWN))
    assert turned.total() >= 5
    assert Counter(true_lines(page)[-turned.total() :]) == turned


@few
@given(index=indices)
def test_the_box_of_a_turned_word_is_where_it_is_printed(index):
    page, layer = truth_and_layer(index)
    scale = np.array([1000 / page["width_pt"], 1000 / page["height_pt"]] * 2)
    boxes: dict[str, list[list[int]]] = {}
    for text, box in zip(page["words"]["text"], page["words"]["box"], strict=True):
        boxes.setdefault(text, []).append(box)
    for line in layer:
        if line["dir"] in (UP, DOWN) and len(text_of(line).split()) == 1:
            printed = np.array(line["bbox"]) * scale
            found = np.array(boxes[text_of(line)])
            outside = np.maximum(printed[:2] - found[:, :2], found[:, 2:] - printed[2:]).max(axis=1)
            ends = np.abs(found[:, [1, 3]] - printed[[1, 3]]).max(axis=1)
            assert (np.maximum(outside, ends) <= 1.5).any()


def test_texts_run_up_and_down():
    directions = Counter(line["dir"] for index in range(12) for line in truth_and_layer(index)[1])
    assert directions[UP] > directions[DOWN] > 0


def test_a_scan_of_a_chart_has_the_same_truth():
    printed, scanned = (json.loads(make_document(4, 1, share, ["chart"]).truth) for share in (0.0, 1.0))
    assert printed["pages"] == scanned["pages"]
