"""The pages of the files that data sets name."""

from __future__ import annotations

from pathlib import Path

from schemas.page_file import FilePage

PDF, TIFF = ".pdf", (".tif", ".tiff")


def image_of(folder: Path, file: str) -> str:
    """Returns the name of an image, or "" if the data set was downloaded without it."""
    return file if (folder / file).is_file() else ""


def pages_of(folder: Path, file: str) -> tuple[FilePage, ...]:
    """Returns all pages of an image or document, to be read by Folio.

    Args:
        folder: the data set.
        file: path within it. It need not exist: it then has one page, which cannot be used.
    """
    return tuple(FilePage(file, number) for number in range(1, page_count(folder / file) + 1))


def page_count(path: Path) -> int:
    """Returns the number of pages of a PDF or of a TIFF file; 1 for other files and for files that cannot be read."""
    if path.suffix.lower() == PDF:
        import pymupdf

        try:
            with pymupdf.open(path) as document:
                return max(1, document.page_count)
        except (RuntimeError, ValueError):
            return 1
    if path.suffix.lower() in TIFF:
        from PIL import Image

        try:
            with Image.open(path) as image:
                return int(getattr(image, "n_frames", 1))
        except (OSError, ValueError):
            return 1
    return 1
