"""Programs that read whole PDFs, for `benchmarks.text.ocr`: OCRmyPDF and pdf2dataset, both with installed Tesseract.

Each gets a PDF with lossless page images, renders it with its own settings, and works on one core. CPU-seconds are
those of all its processes, including start-up.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import pymupdf

from benchmarks.text.ocr_pages import DPI
from pipelines.ocr.tesseract import tessdata

Peer = Callable[[Path, Path], list[str]]  # (program, PDF) -> text of each page

_PDF2DATASET = """
import json, sys
from pdf2dataset import extract_text
pages = extract_text(sys.argv[1], ocr=True, small=True, num_cpus=1)
print(json.dumps(list(pages.sort_values("page").text)))
"""


def ocrmypdf(program: Path, pdf: Path) -> list[str]:
    """Returns the text of each page. No PDF is written."""
    sidecar = pdf.with_suffix(".txt")
    flags = ["--jobs", "1", "--output-type", "none", "--sidecar", str(sidecar)]
    subprocess.run([str(program), *flags, str(pdf), "-"], check=True, capture_output=True)
    return sidecar.read_text().removesuffix("\f").split("\f")


def pdf2dataset(python: Path, pdf: Path) -> list[str]:
    """Returns the text of each page, read without Ray in one process by the Python that has the package installed.

    The package reads everything as Portuguese, whatever language is set, so it gets the English data under that name.
    """
    languages = pdf.with_name("tessdata")
    languages.mkdir()
    installed = tessdata(["eng"])
    for path in installed.iterdir():
        (languages / path.name).symlink_to(path)
    (languages / "por.traineddata").unlink(missing_ok=True)
    (languages / "por.traineddata").symlink_to(installed / "eng.traineddata")
    environment = {**os.environ, "TESSDATA_PREFIX": str(languages)}
    command = [str(python), "-c", _PDF2DATASET, str(pdf.parent)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return list(json.loads(done.stdout.splitlines()[-1]))


PEERS: dict[str, Peer] = {"OCRmyPDF": ocrmypdf, "pdf2dataset": pdf2dataset}


def timed(name: str, program: Path, images: list[np.ndarray]) -> tuple[float, list[list[str]]]:
    """Returns CPU-seconds and the words of each page. The calling process must have no other children."""
    with TemporaryDirectory() as folder:
        pdf = Path(folder, "pages.pdf")
        _write(images, pdf)
        before_s = _children_s()
        texts = PEERS[name](program, pdf)
        seconds = _children_s() - before_s
    return seconds, [text.split() for text in texts]


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _write(images: list[np.ndarray], target: Path) -> None:
    with pymupdf.open() as document:
        for image in images:
            height, width = image.shape[:2]
            page = document.new_page(width=width * 72 / DPI, height=height * 72 / DPI)
            _, png = cv2.imencode(".png", image[:, :, ::-1])
            page.insert_image(page.rect, stream=png.tobytes())
        document.save(target)
