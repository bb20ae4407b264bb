"""Hypothesis strategies for the content of a corpus: words, pages, token arrays."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from schemas import Line, Page, Word, hull, page_key

thousandths = st.integers(0, 1000)
boxes = st.tuples(thousandths, thousandths, thousandths, thousandths).map(
    lambda c: (min(c[0], c[2]), min(c[1], c[3]), max(c[0], c[2]), max(c[1], c[3]))
)
hostile_texts = st.sampled_from(
    [
        '"',
        "\\",
        "\\u0000",
        "\x00",
        "', '",
        "</script>",
        "🧾",
        "👩‍👩‍👧",
        "e\u0301",
        "مجموع",
        "合計",
        "\u202e4.32$",
        "NaN",
        "%s",
    ]
)
word_texts = hostile_texts | st.text(
    st.characters(exclude_categories=("Cs", "Zs", "Zl", "Zp"), exclude_characters="\t\n\v\f\r\x1c\x1d\x1e\x1f\x85"),
    min_size=1,
    max_size=20,
)
scores = st.integers(0, 10_000).map(lambda n: n / 10_000)


@st.composite
def pages(draw: st.DrawFn) -> Page:
    """A page with one to eight lines of one to five words each."""
    lines = draw(
        st.lists(st.lists(st.tuples(word_texts, boxes, scores), min_size=1, max_size=5), min_size=1, max_size=8)
    )
    sha256 = draw(st.binary(min_size=32, max_size=32)).hex()
    number = draw(st.integers(1, 99_999))
    text_source = draw(st.sampled_from(["ocr", "pdf"]))
    return Page(
        key=page_key(sha256, number),
        uri=draw(st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40)),
        doc_sha256=sha256,
        page=number,
        pages=draw(st.integers(number, 99_999)),
        width_pt=draw(st.floats(1, 14_400)),
        height_pt=draw(st.floats(1, 14_400)),
        image_width=draw(st.integers(1, 4096)),
        image_height=draw(st.integers(1, 4096)),
        rotation=draw(st.sampled_from([0, 90, 180, 270])),
        skew_deg=draw(st.floats(-45, 45)),
        text_source=text_source,
        ocr_engine="paddleocr" if text_source == "ocr" else "",
        ocr_model="PP-OCRv6_small" if text_source == "ocr" else "",
        ocr_version="3.7.0" if text_source == "ocr" else "",
        words=tuple(Word(text, box, score, i) for i, line in enumerate(lines) for text, box, score in line),
        lines=tuple(Line(hull(box for _, box, _ in line)) for line in lines),
    )


token_arrays = st.integers(0, 200).flatmap(lambda n: st_numpy.arrays(np.int32, (n, 8)))
