"""The picture of the README: pages of a corpus with lines and grid, above the losses of a run. Needs Chromium.

python -m benchmarks.training.picture --corpus demo/corpus --run demo/run --pages NAME [NAME2 ...] \\
    --out docs/images/demo.png
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

import cv2

from pipelines.report.page_view import PageView, page_view
from pipelines.report.rendering import environment
from schemas import Corpus

WIDTH_PX = 1400
GAP_PX = 24
PAGE = """{% import "page_view.html.j2" as parts %}
<!doctype html><meta charset="utf-8"><style>{% include "page_view.css" %}
body { margin: 0; background: #fff; }
section { display: flex; gap: {{ gap }}px; padding: {{ gap }}px; }
.view { flex: var(--ratio); }
.switches { display: none; }
body > img { width: 100%; }
</style>{{ parts.switches(("words", "lines", "grid")) }}
<section>{% for view in views %}{{ parts.drawn_page(view) }}{% endfor %}</section><img src="{{ losses }}">"""


def views_of(corpus: Corpus, names: list[str]) -> list[PageView]:
    """Returns the first page of each named document."""
    samples = {sample.page().uri.rsplit("/", 1)[-1]: sample for sample in (corpus[i] for i in range(len(corpus)))}
    return [page_view(samples[f"{name}.pdf"], corpus.index) for name in names]


def height_px(views: list[PageView], losses: Path) -> int:
    """Returns the height of the picture: pages side by side at one height, and below them the losses at full width."""
    ratios = sum(view.page.image_width / view.page.image_height for view in views)
    rows, columns = cv2.imread(str(losses)).shape[:2]
    return int((WIDTH_PX - GAP_PX * (len(views) + 1)) / ratios + 2 * GAP_PX + rows * WIDTH_PX / columns)


def main() -> None:
    """Writes the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--run", type=Path, required=True, help="output directory of a run, with loss.png")
    parser.add_argument("--pages", nargs="+", required=True, metavar="NAME", help="documents, without .pdf")
    parser.add_argument("--out", type=Path, required=True, help="PNG file to write")
    flags = parser.parse_args()
    views, losses = views_of(Corpus(flags.corpus), flags.pages), (flags.run / "loss.png").absolute()
    flags.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        page = Path(scratch, "picture.html")
        page.write_text(environment().from_string(PAGE).render(views=views, gap=GAP_PX, losses=losses.as_uri()))
        size = f"--window-size={WIDTH_PX},{height_px(views, losses)}"
        shot = f"--screenshot={flags.out.absolute()}"
        command = ["chromium", "--headless", "--no-sandbox", "--hide-scrollbars", size, shot, page.as_uri()]
        subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    main()
