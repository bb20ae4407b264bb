"""Files of questions in the form `{"data": [a row per question]}`, as DocVQA and its relatives ship them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from schemas import UsageError
from trainer.tasks.datasets.layout import read_json
from trainer.tasks.items import Item


class PageQuestions(NamedTuple):
    """The questions about a page.

    Attributes:
        row: the row of the first of them: it describes the page.
        items: the questions, in the order of the file.
    """

    row: dict[str, Any]
    items: list[Item]


def questions_by_page(path: Path, name: str, page_of: Callable[[dict[str, Any]], str]) -> dict[str, PageQuestions]:
    """Returns the questions of a file by page, in the order of the file.

    Rows of a test split have no `answers`.

    Args:
        path: the file.
        name: key of the number of a question.
        page_of: returns the name of the page of a row.

    Raises:
        UsageError: the file has another form.
    """
    content = read_json(path)
    pages: dict[str, PageQuestions] = {}
    try:
        for row in content["data"]:
            annotation = {"question": row["question"], "answers": row.get("answers") or []}
            if not isinstance(annotation["answers"], list):
                raise TypeError(f"answers of {row[name]} must be a list")
            if not all(isinstance(text, str) for text in (row["question"], *annotation["answers"])):
                raise TypeError(f"question and answers of {row[name]} must be texts")
            page = pages.setdefault(page_of(row), PageQuestions(row, []))
            page.items.append(Item(str(row[name]), annotation))
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"--data: {path} is not a file of questions ({error!r}): download it again") from error
    return pages
