"""The output of `trainer.predict`: a line of JSON per document. An interrupted command continues in the same file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from schemas import UsageError
from schemas.support.home import expanded_path
from schemas.support.printable import printable

START = b'{"file": "'  # of each line
ADVICE = "choose another file"


class OutputFile:
    """The lines that the file of `--output` contains already.

    Args:
        path: the file; it need not exist.
        facts: values that all lines of the file share: the model, and what was asked.

    Attributes:
        pages: the number of usable pages of each document in the file, by its absolute path.

    Raises:
        UsageError: the file contains something else, or its lines have other facts. It is not changed.
    """

    def __init__(self, path: Path, facts: Mapping[str, Any]) -> None:
        self._path, self._facts = path, facts
        self.pages: dict[str, int] = {}
        self._size = 0
        if not path.is_file():
            return
        *lines, cut_off = path.read_bytes().split(b"\n")
        for number, line in enumerate(lines, 1):
            row = self._row(line, number)
            self.pages[row["file"]] = row["pages"]
            self._size += len(line) + 1
        if not cut_off.startswith(START) and not START.startswith(cut_off):
            raise self._refusal(len(lines) + 1)

    def _row(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            row = json.loads(line)
        except ValueError as error:  # also if it is not UTF-8
            raise self._refusal(number) from error
        if not isinstance(row, dict) or not isinstance(row.get("file"), str) or not isinstance(row.get("pages"), int):
            raise self._refusal(number)
        for name in ("model", "steps", "asked", "beams"):
            if row.get(name) != self._facts.get(name):
                there, now = (json.dumps(facts.get(name), ensure_ascii=False) for facts in (row, self._facts))
                raise UsageError(f"--output {self._path}: line {number} has {name}: {there}, now it is {now}: {ADVICE}")
        return row

    def _refusal(self, number: int) -> UsageError:
        return UsageError(f"--output {self._path}: line {number} is not a line of this command: {ADVICE}")

    def below(self, places: Sequence[str]) -> dict[str, int]:
        """Returns those of `pages` that are files or in folders of `places`."""
        folders = {Path(printable(str(expanded_path(place).absolute()))) for place in places}
        return {file: count for file, count in self.pages.items() if folders & {Path(file), *Path(file).parents}}

    def open(self) -> IO[str]:
        """Opens the file to append lines. A line that was cut off is removed."""
        if self._path.is_file():
            os.truncate(self._path, self._size)
        return self._path.open("a", encoding="utf-8")
