"""DocVQA (Mathew et al. 2021), task 1: questions about pages of the Industry Documents Library.

Both downloads are read: `{train,val,test}/` with `documents/` and `ocr_results/`, and `spdocvqa_{qas,images,ocr}/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from schemas.page_file import FilePage
from trainer.tasks.answers.data_set import QuestionSet
from trainer.tasks.datasets.layout import find_files
from trainer.tasks.datasets.ocr_files import microsoft_read
from trainer.tasks.datasets.pages import image_of
from trainer.tasks.datasets.questions.rows import questions_by_page
from trainer.tasks.items import ItemDocument

LAYOUT = (
    "DocVQA: train/train_v1.0.json, train/documents/*.png and train/ocr_results/*.json, likewise val and test; or "
    "spdocvqa_qas/, spdocvqa_images/ and spdocvqa_ocr/"
)


class DocVqa(QuestionSet):
    """Questions about single pages. The metric is ANLS."""

    name = "docvqa"
    splits = ("train", "val", "test")
    validation = "val"

    def documents(self, folder: Path, split: str) -> Iterator[ItemDocument]:
        """Yields the pages of a split with all their questions. Without its OCR file, a page is read by Folio."""
        newer = (folder / "spdocvqa_qas").is_dir()
        questions = "spdocvqa_qas" if newer else split
        places = ("spdocvqa_images", "spdocvqa_ocr") if newer else (f"{split}/documents", f"{split}/ocr_results")
        found = find_files(folder, LAYOUT, f"{questions}/{split}_v1.0*.json")
        pages = questions_by_page(found[-1], "questionId", lambda row: Path(row["image"]).stem)
        for name, page in pages.items():
            yield ItemDocument(name, (_page(folder, name, *places),), tuple(page.items))


def _page(folder: Path, name: str, images: str, ocr: str) -> FilePage:
    image, read = f"{images}/{name}.png", folder / ocr / f"{name}.json"
    return microsoft_read(read, image_of(folder, image)) if read.exists() else FilePage(image)


DATA_SET = DocVqa()
