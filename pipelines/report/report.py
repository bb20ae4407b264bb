"""`report.html`: the content of a corpus, and which pages are missing and why. One file that needs no other files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from pipelines.page.reading import REPAIRED
from pipelines.report.counting import IS_OK, IS_PAGE, count_column, count_values
from pipelines.report.failures import failures_of
from pipelines.report.gallery import gallery_view, pick_gallery
from pipelines.report.histogram import Histogram, histogram_of
from pipelines.report.links import document_link
from pipelines.report.page_view import PageView
from pipelines.report.rendering import render
from schemas import CorpusIndex, PageStatus, Sample

TILTED_DEG = 0.5
LISTED = 8  # maximum number of image sizes and of languages in a table; the rest becomes one row

__all__ = ["pick_gallery", "render_report"]


@dataclass(frozen=True)
class Share:
    """The number of pages or documents with one value, and their share of the total (0..1)."""

    name: str
    count: int
    share: float


@dataclass(frozen=True)
class Chart:
    """A histogram with its labels.

    Attributes:
        title: heading of the chart.
        unit: unit of the values; may be empty.
        digits: number of decimals to show.
        histogram: the values.
    """

    title: str
    unit: str
    digits: int
    histogram: Histogram


def render_report(index: CorpusIndex, manifest: ds.Dataset, plan: pa.Table, gallery: Sequence[Sample]) -> str:
    """Renders the report of a corpus as one HTML page that needs no other files, no scripts and no network.

    The result does not depend on the order of the rows. Between two builds of the same corpus, only the chart of the
    column `seconds` differs. Documents on this machine or on the web are linked.

    Args:
        index: the index of the corpus.
        manifest: rows of `MANIFEST_SCHEMA`. Only a few columns are in memory at a time.
        plan: rows of `PLAN_SCHEMA`.
        gallery: the samples to show, see `pick_gallery`.

    Raises:
        SchemaError: the record of a sample in the gallery is not a page.
        ValueError: the image of a sample in the gallery is not an image.
    """
    skewed = (ds.field("skew_deg") > TILTED_DEG) | (ds.field("skew_deg") < -TILTED_DEG)
    return render(
        "report.html.j2",
        index=index,
        totals=index.totals,
        page_shares=shares_of(count_values(manifest, "status", IS_PAGE)),
        document_shares=shares_of(count_column(plan["status"])),
        failures=failures_of(manifest),
        lost_documents=pc.sum(pc.not_equal(plan["status"], PageStatus.OK.value)).as_py() or 0,
        charts=_charts(manifest),
        image_sizes=_image_sizes(manifest),
        text_sources=shares_of(count_values(manifest, "text_source", IS_OK)),
        languages=_languages(manifest),
        turned=manifest.count_rows(filter=IS_OK & (ds.field("rotation") != 0)),
        tilted=manifest.count_rows(filter=IS_OK & skewed),
        repaired=pc.sum(pc.equal(plan["detail"], REPAIRED)).as_py() or 0,
        samples=manifest.count_rows(filter=IS_OK),
        config=json.dumps(index.config, indent=2, sort_keys=True, ensure_ascii=False),
        gallery=[_linked_view(sample, index) for sample in gallery],
    )


def shares_of(counts: Mapping[str, int]) -> list[Share]:
    """Returns the share of each value in the total, `ok` first, then in order of decreasing count."""
    total = sum(counts.values())
    ranked = sorted(counts, key=lambda name: (name != PageStatus.OK.value, -counts[name], name))
    return [Share(name, counts[name], counts[name] / total) for name in ranked]


def _linked_view(sample: Sample, index: CorpusIndex) -> tuple[PageView, str | None]:
    view = gallery_view(sample, index)
    return view, document_link(view.page.uri, view.page.page)


def _charts(manifest: ds.Dataset) -> list[Chart]:
    read = IS_OK & (ds.field("text_source") == "ocr")  # all words of a text layer have score 1
    wanted = [
        ("Words per page", "words", 0, histogram_of(_numbers(manifest, "words", IS_OK), 1)),
        ("Lines per page", "lines", 0, histogram_of(_numbers(manifest, "lines", IS_OK), 1)),
        ("Mean OCR confidence per page", "", 3, histogram_of(_numbers(manifest, "mean_score", read), 0.001, None)),
        ("Seconds per page", "s", 2, histogram_of(_numbers(manifest, "seconds", IS_PAGE), 0.01)),
    ]
    return [Chart(title, unit, digits, found) for title, unit, digits, found in wanted if found is not None]


def _numbers(manifest: ds.Dataset, column: str, where: ds.Expression) -> np.ndarray:
    return manifest.to_table(columns=[column], filter=where)[column].to_numpy()


def _image_sizes(manifest: ds.Dataset) -> list[Share]:
    """Returns the shares of the most frequent image sizes, with all others as one share."""
    sizes = manifest.to_table(columns=["image_width", "image_height"], filter=IS_OK)
    groups = sizes.group_by(sizes.column_names).aggregate([([], "count_all")]).to_pylist()
    counts = {f"{group['image_width']} × {group['image_height']}": group["count_all"] for group in groups}
    return _most_frequent(shares_of(counts), "sizes")


def _languages(manifest: ds.Dataset) -> list[Share]:
    counts = count_values(manifest, "language", IS_OK)
    return _most_frequent(shares_of({name or "uncertain": count for name, count in counts.items()}), "languages")


def _most_frequent(shares: list[Share], what: str) -> list[Share]:
    rest = shares[LISTED:]
    total = sum(share.count for share in rest)
    others = [Share(f"{len(rest)} other {what}", total, sum(share.share for share in rest))] if rest else []
    return shares[:LISTED] + others
