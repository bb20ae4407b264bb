"""ST-VQA (Biten et al. 2019), task 3: questions about photographs with text, without a dictionary.

There is no split for validation: a share of the training images is held out. There are no words: Folio reads the
images. About a third of them (COCO-Text) are squeezed to 256 x 256 pixels in the download. Their text is easier to
read in the originals, which have the same names.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from schemas.page_file import FilePage
from trainer.tasks.answers.data_set import QuestionSet
from trainer.tasks.datasets.layout import require_layout
from trainer.tasks.datasets.pages import image_of
from trainer.tasks.datasets.questions.rows import questions_by_page
from trainer.tasks.items import ItemDocument

LAYOUT = (
    "ST-VQA: train_task_3.json with coco-text/*.jpg, icdar/, iiit_text/, imageNet/, vizwiz/ and visualgenome/ beside it"
    " or in train_imgs/, and test_task_3.json with its images beside it or in test_task3_imgs/"
)
PLACES = {"train": "train_imgs", "test": "test_task3_imgs"}


class StVqa(QuestionSet):
    """Questions about photographs. The metric is ANLS."""

    name = "stvqa"
    splits = tuple(PLACES)
    validation = ""

    def documents(self, folder: Path, split: str) -> Iterator[ItemDocument]:
        """Yields the images of a split with all their questions."""
        file = f"{split}_task_3.json"
        require_layout(folder, LAYOUT, [file])
        for name, page in questions_by_page(folder / file, "question_id", lambda row: row["file_path"]).items():
            image = image_of(folder, f"{PLACES[split]}/{name}") or name
            yield ItemDocument(name, (FilePage(image),), tuple(page.items))


DATA_SET = StVqa()
