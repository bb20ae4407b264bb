"""Small forms in the layout of FUNSD: a question ends with a colon, its answer is a number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image

QUESTIONS = ("Date:", "Total:", "Name:", "Order:")
ROW_PX = 60


def write_funsd(folder: Path, train: int = 8, test: int = 4) -> Path:
    """Writes both halves of the data set and returns the folder."""
    for half, forms in (("training_data", train), ("testing_data", test)):
        for kind in ("annotations", "images"):
            (folder / half / kind).mkdir(parents=True, exist_ok=True)
        for number in range(forms):
            record = {"form": form(number)}
            (folder / half / "annotations" / f"form{number}.json").write_text(json.dumps(record))
            Image.new("L", (400, 400), 255 - number).save(folder / half / "images" / f"form{number}.png")
    return folder


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
