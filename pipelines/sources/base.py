"""The protocol of a page source, which opens documents of one kind and reads their pages."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from pipelines.config import PageConfig
from pipelines.ocr.engine import OcrEngine
from pipelines.page.reading import Reading
from pipelines.page.stopwatch import Stopwatch


class Document(Protocol):
    """An open document.

    Attributes:
        pages: number of pages, 1 or more.
        detail: stored in the manifest for each page, for example that the file was repaired; mostly empty.
    """

    pages: int
    detail: str

    def read(self, page: int, config: PageConfig, engine: OcrEngine | None, watch: Stopwatch) -> Reading:
        """Reads a page. The result depends only on the arguments, not on pages that were read before.

        Args:
            page: number of the page, from 1.
            config: the settings.
            engine: reads words from pixels; None if `config.text_source` is `pdf`.
            watch: measures the time of the stages `render` (pixels and text layer) and `ocr`.

        Raises:
            PageError: the page cannot be used.
        """
        ...

    def close(self) -> None:
        """Releases the document."""
        ...


class PageSource(Protocol):
    """Opens documents of one kind.

    Attributes:
        suffixes: suffixes of their names, in lower case.
    """

    suffixes: tuple[str, ...]

    def open(self, path: Path) -> Document:
        """Opens a document.

        Args:
            path: a file on this machine; its name can differ from that of the document.

        Raises:
            PageError: the document cannot be used; the status gives the reason.
        """
        ...
