"""The protocol of a page source, which opens documents of one kind and reads their pages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

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


@dataclass(frozen=True)
class Picture:
    """A page as viewers show it: not turned further, and with its skew.

    Attributes:
        reading: the page without words.
        size: width and height of the page in the units in which the document measures it: pixels of a stored image,
            points of a PDF.
    """

    reading: Reading
    size: tuple[float, float]


@runtime_checkable
class Picturable(Protocol):
    """A document whose pages can be shown without reading them. Page files need this of the documents they name."""

    def picture(self, page: int, config: PageConfig) -> Picture:
        """Returns a page without words.

        Args:
            page: number of the page, from 1.
            config: the settings; the image is as large as the stored image needs.

        Raises:
            PageError: the page cannot be shown.
        """
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
