"""The table file: a table of texts, which a build draws as pages.

A table file is a JSON file whose name ends in `.table.json`. `pipelines.build_corpus` reads it like any other document:
it draws the table as page images with words and boxes. So tables that are only text, such as those of CSV files, become
pages of a corpus.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from schemas.errors import SchemaError
from schemas.support.printable import storable

TABLE_FILE_SUFFIX = ".table.json"


@dataclass(frozen=True)
class TextTable:
    """A table of texts. Rows may have different lengths. A text may contain any white space.

    Attributes:
        header: the headings of the columns; empty if there are none.
        rows: the cells of each row.
        title: printed above the table; "" if there is none.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""


def encode_table_file(table: TextTable) -> bytes:
    """Returns the bytes of a table file. The same table gives the same bytes.

    Raises:
        ValueError: a text contains a lone surrogate.
    """
    record = {"title": table.title, "header": table.header, "rows": table.rows}
    return (json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def decode_table_file(data: bytes, source: str) -> TextTable:
    """Returns the table of a table file. `title` and `header` may be missing.

    Args:
        data: the bytes of the file.
        source: name of the file in error messages.

    Raises:
        SchemaError: the file is not a table.
    """
    try:
        record = json.loads(data)
        rows = tuple(_texts(row) for row in _list(record["rows"]))
        return TextTable(_texts(record.get("header", [])), rows, storable(record.get("title", "")))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise SchemaError(f"{source}: not a table ({error!r})") from error


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(storable(value) for value in _list(values))


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is not a list")
    return value
