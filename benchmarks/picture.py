"""The picture of README: pages of a corpus with lines and grid, above the losses of a run.

python -m benchmarks.picture --corpus demo/corpus --run demo/run --pages NAME [NAME2 ...] --out docs/images/demo.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from pipelines.overlay import draw_overlay
from schemas import Corpus

WIDTH_PX = 1400
GAP_PX = 24


def pages_row(corpus: Corpus, names: list[str]) -> np.ndarray:
    """Returns the first page of each named document, drawn side by side at one height, `(h, WIDTH_PX, 3)` RGB."""
    samples = {sample.page().uri.rsplit("/", 1)[-1]: sample for sample in (corpus[i] for i in range(len(corpus)))}
    grid = corpus.index.grid_rows, corpus.index.grid_cols
    drawn = [draw_overlay((s := samples[f"{name}.pdf"]).jpg, s.page(), *grid, max_width=900) for name in names]
    total = sum(image.shape[1] / image.shape[0] for image in drawn)
    height = int((WIDTH_PX - GAP_PX * (len(drawn) + 1)) / total)
    parts = [np.full((height, GAP_PX, 3), 255, np.uint8)]
    for image in drawn:
        size = int(image.shape[1] / image.shape[0] * height), height
        parts += [cv2.resize(image, size, interpolation=cv2.INTER_AREA), parts[0]]
    return fit(np.hstack(parts))


def fit(image: np.ndarray) -> np.ndarray:
    """Returns the image at `WIDTH_PX`."""
    height = round(image.shape[0] * WIDTH_PX / image.shape[1])
    return cv2.resize(image, (WIDTH_PX, height), interpolation=cv2.INTER_AREA)


def main() -> None:
    """Writes the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--pages", nargs="+", required=True, metavar="NAME")
    parser.add_argument("--out", type=Path, required=True)
    flags = parser.parse_args()
    losses = cv2.imread(str(flags.run / "loss.png"))
    picture = np.vstack([pages_row(Corpus(flags.corpus), flags.pages)[:, :, ::-1], fit(losses)])
    flags.out.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(flags.out), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    main()
