"""DocVQA (Mathew et al. 2021), task 1: questions about pages of the Industry Documents Library.

Both downloads are read: `{train,val,test}/` with `documents/` and `ocr_results/`, and `spdocvqa_{qas,images,ocr}/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from schemas import UsageError
from schemas.page_file import FilePage
from trainer.tasks.answers.data_set import QuestionSet
from trainer.tasks.datasets.layout import read_json, require_layout
from trainer.tasks.datasets.ocr_files import microsoft_read
from trainer.tasks.items import Item, ItemDocument

LAYOUT = "DocVQA: train/train_v1.0.json, train/documents/*.png and train/ocr_results/*.json, likewise val and test"


class DocVqa(QuestionSet):
    """Questions about single pages. The metric is ANLS."""

    name = "docvqa"
    splits = ("train", "val", "test")
    validation = "val"

    def documents(self, folder: Path, split: str) -> Iterator[ItemDocument]:
        """Yields the pages of a split with all their questions. Without its OCR file, a page is read by Folio."""
        if (folder / "spdocvqa_qas").is_dir():
            found = sorted((folder / "spdocvqa_qas").glob(f"{split}_v1.0*.json"))
            places = "spdocvqa_images", "spdocvqa_ocr"
        else:
            require_layout(folder, LAYOUT, [split])
            found = sorted((folder / split).glob(f"{split}_v1.0*.json"))
            places = f"{split}/documents", f"{split}/ocr_results"
        if not found:
            raise UsageError(f"--data {folder} has no {split}_v1.0.json: expected {LAYOUT}")
        pages: dict[str, list[Item]] = {}
        for row in read_json(found[-1])["data"]:
            annotation = {"question": row["question"], "answers": row.get("answers", [])}
            pages.setdefault(Path(row["image"]).stem, []).append(Item(str(row["questionId"]), annotation))
        for name, items in pages.items():
            yield ItemDocument(name, (_page(folder, name, *places),), tuple(items))


def _page(folder: Path, name: str, images: str, ocr: str) -> FilePage:
    image, read = f"{images}/{name}.png", folder / ocr / f"{name}.json"
    shown = image if (folder / image).exists() else ""
    return microsoft_read(read, shown) if read.exists() else FilePage(image)


DATA_SET = DocVqa()
