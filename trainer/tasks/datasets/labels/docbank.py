"""DocBank (Li et al. 2020): the layout of pages of papers. Each word is labelled by the part of the paper it is in.

A row of a text file is a word, its box in thousandths of the page, the colour and the font of its text, and its label.
A figure is a word `##LTFigure##`. Drawn lines, `##LTLine##`, are left out: they have no text and no area, and the
metric weighs words by their areas. Licence of the data: CC BY-NC-ND 4.0 (the repository) or Apache-2.0 (the download).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from schemas import UsageError
from schemas.page_file import FilePage, GivenWord
from trainer.tasks.datasets.layout import find_files, read_json
from trainer.tasks.datasets.pages import image_of
from trainer.tasks.datasets.shares import tenth_of
from trainer.tasks.items import Item, ItemDocument
from trainer.tasks.labels.data_set import LabelSet
from trainer.tasks.metrics.docbank import label_scores

LAYOUT = (
    "DocBank: DocBank_500K_txt/*.txt and DocBank_500K_ori_img/*_ori.jpg, or both in the folder itself; and for the "
    "official splits 500K_train.txt (also in indexed_files/) or MSCOCO_Format_Annotation/500K_train.json, likewise dev "
    "and test"
)
LABELS = (
    *("abstract", "author", "caption", "equation", "figure", "footer", "list", "paragraph", "reference", "section"),
    *("table", "title", "date"),
)
NOT_AVERAGED = "date"  # is not in the published table, whose average is over the other twelve
TEXTS = "DocBank_500K_txt", "DocBank_500K_txt/DocBank_500K_txt", "."
IMAGES = "DocBank_500K_ori_img/DocBank_500K_ori_img", "DocBank_500K_ori_img", "."
INDEX_NAMES = {"train": ("train",), "dev": ("dev", "valid"), "test": ("test",)}  # as the indices name the splits
SHARES = {"train": range(8), "dev": range(8, 9), "test": range(9, 10)}  # tenths of the papers, without an index
PAGE_PT = 612, 792  # most papers are in US letter format
LINE = "##LTLine##"
COLUMNS = 10


def layout_scores(items: Sequence[Item], predictions: Sequence[Any]) -> dict[str, float]:
    """Returns `f1`, the mean over the labels except `date`; `f1_words`, the same by numbers of words; `f1_<label>`."""
    gold, areas = ([page for item in items for page in item.annotation[key]] for key in ("labels", "areas"))
    found = [page for pages in predictions for page in pages]
    by_area = {label: scores.f1 for label, scores in label_scores(gold, found, areas).items()}
    ones = [[1] * len(page) for page in gold]
    by_number = {label: scores.f1 for label, scores in label_scores(gold, found, ones).items()}
    each = {f"f1_{label}": value for label, value in by_area.items()}
    return {"f1": _mean(by_area), "f1_words": _mean(by_number), **each}


def _mean(scores: dict[str, float]) -> float:
    kept = [value for label, value in scores.items() if label != NOT_AVERAGED]
    return sum(kept) / max(len(kept), 1)


class DocBank(LabelSet):
    """Layout labels of words. The metric is the mean F1 of the labels, by the area of the words."""

    name = "docbank"
    splits = tuple(SHARES)
    validation = "dev"
    labels = LABELS
    score = staticmethod(layout_scores)

    def documents(self, folder: Path, split: str) -> Iterator[ItemDocument]:
        """Yields the pages of a split. Those without words are left out."""
        first = find_files(folder, LAYOUT, *(f"{place}/*.gz_*_*.txt" for place in TEXTS))[0]
        images = next((place for place in IMAGES if (folder / place).is_dir()), ".")
        for name in _names(folder, first.parent, split):
            words, labels, areas = read_page(first.parent / f"{name}.txt")
            page = FilePage(image_of(folder, f"{images}/{name}_ori.jpg"), words=tuple(words), size=PAGE_PT)
            if words:
                yield ItemDocument(name, (page,), (Item(name, {"labels": [labels], "areas": [areas]}),))


def read_page(path: Path) -> tuple[list[GivenWord], list[str], list[int]]:
    """Returns the words of a page with boxes in points, the label of each, and its area in square thousandths.

    Raises:
        UsageError: the file has another form.
    """
    try:
        rows = [row.removesuffix("\r").split("\t") for row in path.read_text(encoding="utf-8-sig").split("\n")]
        kept = [_word(cells) for cells in rows if cells[0] not in ("", LINE)]
    except OSError as error:
        raise UsageError(f"--data: {path} cannot be read ({error.strerror}): download it again") from error
    except ValueError as error:
        raise UsageError(f"--data: {path} is not a page of DocBank ({error}): download it again") from error
    return [word for word, _, _ in kept], [label for _, label, _ in kept], [area for _, _, area in kept]


def _word(cells: list[str]) -> tuple[GivenWord, str, int]:
    """Returns the word of a row, its label and its area.

    Raises:
        ValueError: the row has another form.
    """
    if len(cells) != COLUMNS or cells[-1] not in LABELS:
        raise ValueError(f"{cells}: expected {COLUMNS} columns and a known label in the last one")
    x0, y0, x1, y1 = map(int, cells[1:5])
    return GivenWord(cells[0], _points(x0, y0, x1, y1)), cells[-1], (x1 - x0) * (y1 - y0)


def _points(x0: int, y0: int, x1: int, y1: int) -> tuple[float, float, float, float]:
    width, height = PAGE_PT
    return x0 * width / 1000, y0 * height / 1000, x1 * width / 1000, y1 * height / 1000


def _names(folder: Path, texts: Path, split: str) -> list[str]:
    """Returns the names of the pages of a split, by its index or, without one, by a hash of their papers."""
    for name in INDEX_NAMES[split]:
        for path in (folder / f"500K_{name}.txt", folder / f"indexed_files/500K_{name}.txt"):
            if path.is_file():
                return [row.strip().removesuffix(".txt") for row in path.read_text().split("\n") if row.strip()]
        path = folder / f"MSCOCO_Format_Annotation/500K_{name}.json"
        if path.is_file():
            return [image["file_name"].removesuffix("_ori.jpg") for image in read_json(path)["images"]]
    pages = sorted(path.stem for path in texts.glob("*.gz_*_*.txt"))
    return [name for name in pages if tenth_of(name.rpartition("_")[0]) in SHARES[split]]


DATA_SET = DocBank()
