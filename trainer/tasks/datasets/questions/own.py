"""Your own questions: a folder with `train.jsonl`, and optionally `val.jsonl` and `test.jsonl`.

A line is a question about an image or a document of the folder:

    {"file": "invoice.pdf", "question": "What is the total?", "answers": ["$12.50", "12.50"]}

`"page": 2` restricts it to a page. `"id"` names it; otherwise it is named by split and line. Without `answers`, the
question can be answered, but neither trained on nor scored.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from schemas import UsageError
from schemas.page_file import FilePage
from trainer.tasks.answers.data_set import QuestionSet
from trainer.tasks.datasets.layout import file_within, numbered_lines, read_row, require_layout
from trainer.tasks.datasets.pages import pages_of
from trainer.tasks.items import Item, ItemDocument

LAYOUT = 'own questions: train.jsonl with lines {"file": ..., "question": ..., "answers": [...]}'
KEYS = "file", "question", "answers", "page", "id"


class Questions(QuestionSet):
    """Questions about documents of any kind that Folio reads. The metric is ANLS."""

    name = "questions"
    splits = ("train", "val", "test")
    validation = ""

    def validation_in(self, folder: Path) -> str:
        """Returns `val` if the folder has this split."""
        return "val" if (folder / "val.jsonl").is_file() else ""

    def documents(self, folder: Path, split: str) -> Iterator[ItemDocument]:
        """Yields each file with its questions; questions about a page of a file are a document of their own."""
        require_layout(folder, LAYOUT, [f"{split}.jsonl"])
        path = folder / f"{split}.jsonl"
        found: dict[tuple[str, int], list[Item]] = {}
        for number, line in numbered_lines(path):
            file, page, item = _question(line, f"{path}, line {number}", f"{split}-{number}")
            found.setdefault((file, page), []).append(item)
        for (file, page), items in found.items():
            pages = (FilePage(file, page),) if page else pages_of(folder, file)
            yield ItemDocument(f"{file}#{page}" if page else file, pages, tuple(items), source=file)


def _question(line: bytes, where: str, name: str) -> tuple[str, int, Item]:
    """Returns the file, the page (0: any) and the item of a line.

    Raises:
        UsageError: the line has another form.
    """
    try:
        row = read_row(line, KEYS)
        answers = row.get("answers", [])
        if not isinstance(answers, list):
            raise TypeError("answers must be a list")
        if not all(isinstance(text, str) and text.strip() for text in [row["question"], *answers]):
            raise TypeError("question and answers must be texts that are not empty")
        page = row.get("page", 0)
        if type(page) is not int or page < ("page" in row):
            raise ValueError("page must be a number from 1")
        item = Item(str(row.get("id", name)), {**row, "answers": answers})
        return file_within(row["file"]), page, item
    except KeyError as error:
        raise UsageError(f"--data: {where} is not a question ({error} is missing): expected {LAYOUT}") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"--data: {where} is not a question ({error}): expected {LAYOUT}") from error


DATA_SET = Questions()
