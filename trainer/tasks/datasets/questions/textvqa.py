"""TextVQA 0.5.1 (Singh et al. 2019): questions about photographs with text, answered by ten people each.

The words come from the OCR file of the data set (Rosetta). Photographs that it does not name, or names without boxes,
are read by Folio.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas import UsageError
from schemas.page_file import FilePage, GivenWord
from trainer.tasks.answers.data_set import QuestionSet
from trainer.tasks.answers.scores import vqa_scores
from trainer.tasks.datasets.layout import read_json, require_layout
from trainer.tasks.datasets.pages import image_of
from trainer.tasks.datasets.questions.rows import questions_by_page
from trainer.tasks.items import ItemDocument

LAYOUT = (
    "TextVQA: TextVQA_0.5.1_train.json, TextVQA_Rosetta_OCR_v0.2_train.json and train_images/*.jpg, likewise val "
    "(its images are in train_images/ too) and test"
)
IMAGES = {"train": "train_images", "val": "train_images", "test": "test_images"}
ROSETTA = "rosetta"


class TextVqa(QuestionSet):
    """Questions about photographs. The metric is the soft accuracy of VQA."""

    name = "textvqa"
    splits = tuple(IMAGES)
    validation = "val"
    score = staticmethod(vqa_scores)
    metric = "accuracy"

    def documents(self, folder: Path, split: str) -> Iterator[ItemDocument]:
        """Yields the photographs of a split with all their questions."""
        file = f"TextVQA_0.5.1_{split}.json"
        require_layout(folder, LAYOUT, [file])
        found = sorted(folder.glob(f"TextVQA_Rosetta_OCR_v*_{split}.json"))
        read = rosetta(found[-1]) if found else {}
        for name, page in questions_by_page(folder / file, "question_id", lambda row: row["image_id"]).items():
            size = page.row.get("image_width", 1), page.row.get("image_height", 1)
            shown = _page(folder, f"{IMAGES[split]}/{name}.jpg", read.get(name), size)
            yield ItemDocument(name, (shown,), tuple(page.items))


def _page(folder: Path, image: str, words: list[GivenWord] | None, size: tuple[float, float]) -> FilePage:
    if words is None:
        return FilePage(image)
    scaled = tuple(_scaled(word, size) for word in words)
    return FilePage(image_of(folder, image), words=scaled, size=size, engine=ROSETTA)


def _scaled(word: GivenWord, size: tuple[float, float]) -> GivenWord:
    x0, y0, x1, y1 = word.box
    return GivenWord(word.text, (x0 * size[0], y0 * size[1], x1 * size[0], y1 * size[1]))


def rosetta(path: Path) -> dict[str, list[GivenWord]]:
    """Returns the words of each photograph, by its name. Boxes are shares of the photograph, not turned.

    Photographs whose words have no boxes are left out.

    Raises:
        UsageError: the file has another form.
    """
    content = read_json(path)
    try:
        rows = [row for row in content["data"] if row["ocr_info"] or not row["ocr_tokens"]]
        return {row["image_id"]: [_word(info) for info in row["ocr_info"]] for row in rows}
    except (KeyError, TypeError) as error:
        raise UsageError(f"--data: {path} is not a file of Rosetta ({error!r})") from error


def _word(info: dict[str, Any]) -> GivenWord:
    box = info["bounding_box"]
    left, top = box["top_left_x"], box["top_left_y"]
    return GivenWord(info["word"], (left, top, left + box["width"], top + box["height"]))


DATA_SET = TextVqa()
