"""Small forms in the layout of FUNSD: a question ends with a colon, its answer is a number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pymupdf
from PIL import Image

QUESTIONS = ("Date:", "Total:", "Name:", "Order:")
ROW_PX = 60
SIZE_PX = 400


def write_funsd(folder: Path, train: int = 8, test: int = 4) -> Path:
    """Writes both halves of the data set and returns the folder."""
    for half, forms in (("training_data", train), ("testing_data", test)):
        for kind in ("annotations", "images"):
            (folder / half / kind).mkdir(parents=True, exist_ok=True)
        for number in range(forms):
            record = {"form": form(number)}
            (folder / half / "annotations" / f"form{number}.json").write_text(json.dumps(record))
            Image.new("L", (SIZE_PX, SIZE_PX), 255 - number).save(folder / half / "images" / f"form{number}.png")
    return folder


def write_labels(folder: Path, forms: int = 8) -> Path:
    """Writes forms as own labels without images and returns the folder. Headers have no label."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{"size": [SIZE_PX, SIZE_PX], "words": _labelled_words(number)} for number in range(forms)]
    (folder / "train.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return folder


def _labelled_words(seed: int) -> list[dict[str, Any]]:
    return [
        {**word, **({} if entity["label"] == "header" else {"label": f"{'I' if position else 'B'}-{entity['label']}"})}
        for entity in form(seed)
        for position, word in enumerate(entity["words"])
    ]


def write_form_pdf(path: Path, seed: int) -> Path:
    """Writes a form as a PDF with a text layer."""
    with pymupdf.open() as document:
        page = document.new_page(width=SIZE_PX, height=SIZE_PX)
        for entity in form(seed):
            for word in entity["words"]:
                x0, _, _, y1 = word["box"]
                page.insert_text((x0, y1 - 3), word["text"], fontsize=16)
        document.save(path)
    return path


def form(seed: int) -> list[dict[str, Any]]:
    """Returns the entities of a form. The file lists them in reverse. Each question is linked to its answer."""
    entities = [_entity("header", [("FORM", 20, 10)], 0)]
    for row, question in enumerate(QUESTIONS):
        y = 60 + ROW_PX * ((row + seed) % len(QUESTIONS))
        entities.append(_entity("question", [(question, 20, y)], len(entities)))
        numbers = [(str(100 * seed + 7 * row), 150, y), (str(seed), 250, y)]
        entities.append(_entity("answer", numbers, len(entities)))
        for entity in entities[-2:]:
            entity["linking"].append([entities[-2]["id"], entities[-1]["id"]])
    return entities[::-1]


def _entity(label: str, words: list[tuple[str, int, int]], number: int) -> dict[str, Any]:
    boxes = [{"text": text, "box": [x, y, x + 12 * len(text), y + 20]} for text, x, y in words]
    return {"id": number, "label": label, "text": " ".join(text for text, _, _ in words), "words": boxes, "linking": []}
