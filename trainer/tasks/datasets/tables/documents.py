"""What data sets about tables have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from schemas.page_file import FilePage
from schemas.table_file import TextTable
from trainer.tasks.items import Item, ItemDocument

Rows = list[list[str]]


def table_document(
    folder: Path, file: str, items: Sequence[Item], read: Callable[[Path], Rows], title: str = ""
) -> ItemDocument:
    """Returns the document of a table. If the table was not downloaded, the document has a page that cannot be used.

    Args:
        folder: the data set.
        file: the CSV file within it; the name of the document.
        items: what is asked about the table.
        read: reads the rows of the file; the first one is the header.
        title: printed above the table.
    """
    if not (folder / file).is_file():
        return ItemDocument(file, (FilePage(file, words=()),), tuple(items))
    header, *rows = map(tuple, read(folder / file) or [[]])
    return ItemDocument(file, (), tuple(items), table=TextTable(header, tuple(rows), title))
