"""InfographicVQA (Mathew et al. 2022): questions about infographics, which are up to ten times as tall as wide.

The words come from the OCR files of the data set (Textract). An answer of several spans is one text, `a, b`, and the
data set lists its orders as answers of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from schemas.page_file import FilePage
from trainer.tasks.answers.data_set import QuestionSet
from trainer.tasks.datasets.layout import find_files
from trainer.tasks.datasets.ocr_files import textract
from trainer.tasks.datasets.pages import image_of
from trainer.tasks.datasets.questions.rows import questions_by_page
from trainer.tasks.items import ItemDocument

LAYOUT = (
    "InfographicVQA: infographicsVQA_train_v1.0.json (or in infographicsvqa_qas/), infographicsvqa_images/*.jpeg and "
    "infographicsvqa_ocr/*.json, likewise val and test; or the older names infographicVQA_train_v1.0.json, "
    "infographicVQA_train_v1.0_images/ and infographicVQA_train_v1.0_ocr_outputs/"
)
IMAGES = "infographicsvqa_images", "infographicVQA_{split}_v1.0_images"
OCR = "infographicsvqa_ocr", "infographicVQA_{split}_v1.0_ocr_outputs"


class InfographicVqa(QuestionSet):
    """Questions about infographics. The metric is ANLS."""

    name = "infographicvqa"
    splits = ("train", "val", "test")
    validation = "val"

    def documents(self, folder: Path, split: str) -> Iterator[ItemDocument]:
        """Yields the infographics of a split with all their questions. Those without an OCR file are read by Folio."""
        pattern = f"infographic*VQA_{split}_v1.0*.json"
        found = find_files(folder, LAYOUT, f"infographicsvqa_qas/{pattern}", pattern)
        images, ocr = _place(folder, IMAGES, split), _place(folder, OCR, split)
        pages = questions_by_page(found[-1], "questionId", lambda row: row["image_local_name"])
        for name, page in pages.items():
            read = folder / ocr / str(page.row.get("ocr_output_file") or f"{Path(name).stem}.json")
            yield ItemDocument(name, (_page(folder, f"{images}/{name}", read),), tuple(page.items))


def _place(folder: Path, names: tuple[str, str], split: str) -> str:
    """Returns the first folder of two names that exists, or the first name."""
    places = [name.format(split=split) for name in names]
    return next((place for place in places if (folder / place).is_dir()), places[0])


def _page(folder: Path, image: str, read: Path) -> FilePage:
    return textract(read, image_of(folder, image)) if read.is_file() else FilePage(image)


DATA_SET = InfographicVqa()
