"""`README.md` of a corpus: a dataset card. Its front matter tells the Hugging Face hub where the shards are."""

from __future__ import annotations

import json
import textwrap

from pipelines.report.rendering import render
from schemas import CorpusIndex, PageStatus

_SIZE_CATEGORIES = (
    *((1e3, "n<1K"), (1e4, "1K<n<10K"), (1e5, "10K<n<100K"), (1e6, "100K<n<1M"), (1e7, "1M<n<10M")),
    *((1e8, "10M<n<100M"), (1e9, "100M<n<1B"), (1e10, "1B<n<10B"), (1e11, "10B<n<100B"), (1e12, "100B<n<1T")),
)


def render_card(index: CorpusIndex) -> str:
    """Renders the dataset card of a corpus as Markdown. It depends only on the index."""
    statuses = index.totals["status"]
    left_out = sorted((-count, name) for name, count in statuses.items() if name != PageStatus.OK.value)
    config = json.dumps(index.config, indent=2, sort_keys=True, ensure_ascii=False)
    return render(
        "card.md.j2",
        index=index,
        totals=index.totals,
        size_category=size_category(index.totals["samples"]),
        left_out=[(name, -count) for count, name in left_out],
        # Indented code instead of a fenced block: the value of a setting could end a fence.
        config=textwrap.indent(config, "    "),
    )


def size_category(samples: int) -> str:
    """Returns the size category of the Hugging Face hub for a number of samples."""
    return next((name for limit, name in _SIZE_CATEGORIES if samples < limit), "n>1T")
