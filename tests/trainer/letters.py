"""Small letters with questions in the layout of DocVQA, and the same letters as PDFs."""

from __future__ import annotations

import json
from pathlib import Path

import pymupdf
from PIL import Image

WIDTH, HEIGHT = 400, 300
NAMES = ("Miller", "Garcia", "Chen", "Novak")
QUESTIONS = {"name": "Who wrote the letter?", "total": "What is the total?"}


def rows(number: int | None) -> list[list[str]]:
    """Returns the words of a letter by row. None is a cover page."""
    if number is None:
        return [["Cover", "sheet"]]
    return [["Letter", "of", NAMES[number]], ["about", "an", "order"], ["Total:", f"{number + 2}00", "USD"]]


def answers(number: int) -> dict[str, str]:
    return {"name": NAMES[number], "total": f"{number + 2}00 USD"}


def write_docvqa(folder: Path) -> Path:
    """Writes the letters as the splits train and val, and returns the folder."""
    for split in ("train", "val"):
        for name in ("documents", "ocr_results"):
            (folder / split / name).mkdir(parents=True)
        data = []
        for number in range(len(NAMES)):
            page = f"letter{number}_1"
            Image.new("L", (WIDTH, HEIGHT), 255).save(folder / split / f"documents/{page}.png")
            (folder / split / f"ocr_results/{page}.json").write_text(json.dumps(_read(number)))
            for position, (field, question) in enumerate(QUESTIONS.items()):
                row = {"questionId": 10 * number + position, "question": question, "image": f"documents/{page}.png"}
                data.append({**row, "answers": [answers(number)[field]]})
        (folder / split / f"{split}_v1.0.json").write_text(json.dumps({"data": data}))
    return folder


def write_pdf(path: Path, *numbers: int | None) -> Path:
    """Writes letters as the pages of a PDF with a text layer. None is a cover page."""
    path.write_bytes(_pdf(*numbers))
    return path


def write_image(path: Path, *numbers: int | None) -> Path:
    """Writes letters as pixels, in the format that the name says; several are pages of a TIFF."""
    with pymupdf.open(stream=_pdf(*numbers)) as document:
        first, *others = (page.get_pixmap(dpi=150).pil_image() for page in document)
    more = {"save_all": True, "append_images": others} if others else {}
    first.save(path, dpi=(150, 150), **more)
    return path


def _pdf(*numbers: int | None) -> bytes:
    with pymupdf.open() as document:
        for number in numbers:
            page = document.new_page(width=WIDTH, height=HEIGHT)
            for row, words in enumerate(rows(number)):
                for column, word in enumerate(words):
                    page.insert_text((40 + 100 * column, 60 + 60 * row), word, fontsize=14)
        return document.tobytes()


def _read(number: int) -> dict:
    """Returns a letter as Microsoft Read would see it, with the boxes of the PDF."""
    with pymupdf.open(stream=_pdf(number)) as document:
        found = document[0].get_text("words")
    words = [{"text": word, "boundingBox": [x0, y0, x1, y0, x1, y1, x0, y1]} for x0, y0, x1, y1, word, *_ in found]
    page = {"page": 1, "clockwiseOrientation": 0.1, "width": WIDTH, "height": HEIGHT, "unit": "pixel"}
    return {"status": "Succeeded", "recognitionResults": [{**page, "lines": [{"words": words}]}]}
