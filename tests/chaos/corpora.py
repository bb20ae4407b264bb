"""Documents for the faulty engine, and the comparison of two corpora made from them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq
import pymupdf

from schemas import TIME_COLUMNS
from tests.chaos.engine import FAULTS
from tests.support.hostile import write_hostile

COLOURS = {fault.__name__: tuple(part / 255 for part in colour) for colour, fault in FAULTS.items()}


def document(pages: int, name: str, faults: dict[int, str] | None = None) -> bytes:
    """Returns the bytes of a PDF with small pages.

    Args:
        pages: number of pages.
        name: text that each page shows together with its number.
        faults: for page numbers, counted from 1, the name of the function of `engine` that reading the page calls.
    """
    with pymupdf.open() as pdf:
        for number in range(1, pages + 1):
            page = pdf.new_page(width=200, height=280)
            page.insert_text((30, 60), f"{name}, page {number}", fontsize=9)
            if faults and number in faults:
                page.draw_rect((0, 0, 20, 20), color=None, fill=COLOURS[faults[number]])
        return pdf.tobytes(no_new_id=True)


def write_documents(directory: Path, documents: int = 12, pages: int = 10) -> None:
    """Writes good documents, and files that are damaged or not PDFs, into a directory."""
    write_hostile(directory / "hostile")
    for number in range(documents):
        (directory / f"{number:02d}.pdf").write_bytes(document(pages, f"document {number}"))


def differences(output: Path, reference: Path) -> list[str]:
    """Returns the files in which two corpora differ. The times in their manifests may differ."""
    names = {path.relative_to(top) for top in (output, reference) for path in _compared_files(top)}
    found = [str(name) for name in sorted(names) if _bytes_or_none(output / name) != _bytes_or_none(reference / name)]
    manifests = [
        pq.read_table(top / "manifest.parquet").drop_columns(list(TIME_COLUMNS)) for top in (output, reference)
    ]
    return found + ([] if manifests[0].equals(manifests[1]) else ["manifest.parquet"])


def _compared_files(output: Path) -> Iterable[Path]:
    return [*(output / "shards").glob("*.tar"), output / "index.json", output / "plan.parquet", output / "README.md"]


def _bytes_or_none(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
