"""An HTML page that shows each answer on the page where it stands."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from html import escape

from schemas import Sample
from trainer.answering.predictor import Answer

HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Answers</title><style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; color: #1a1a1a }
h2 { font-size: 1.1rem; margin: 2.5rem 0 .5rem; overflow-wrap: anywhere }
table { border-collapse: collapse; margin-bottom: 1rem }
td, th { text-align: left; padding: .3rem 1rem .3rem 0; border-bottom: 1px solid #ddd; vertical-align: top }
figure { position: relative; margin: 0; border: 1px solid #ccc }
figure img { display: block; width: 100% }
figure span { position: absolute; background: #ffe45c; mix-blend-mode: multiply; outline: 2px solid #c77700 }
figcaption { padding: .4rem .6rem; background: #f4f4f4; margin-bottom: 1.5rem }
</style></head><body><h1>Answers</h1>
"""


def document_html(uri: str, questions: Mapping[str, str], answers: Mapping[str, Answer], pages: list[Sample]) -> str:
    """Returns the part of the page for one document: a table of the answers, and its pages with the words marked.

    Args:
        uri: the document.
        questions: the questions by name.
        answers: the answers by the same names.
        pages: the usable pages of the document.
    """
    rows = "".join(
        f"<tr><td>{escape(questions[name])}</td><td><b>{escape(answer.text)}</b></td>"
        f"<td>{answer.score:.0%}</td><td>{answer.page or ''}</td></tr>"
        for name, answer in answers.items()
    )
    head = "<tr><th>question</th><th>answer</th><th>score</th><th>page</th></tr>"
    shown = (_figure(sample, answers.values()) for sample in pages)
    return f"<h2>{escape(uri)}</h2><table>{head}{rows}</table>{''.join(shown)}\n"


def _figure(sample: Sample, answers: Iterable[Answer]) -> str:
    page = sample.page()
    here = [answer for answer in answers if answer.page == page.page]
    if not here:
        return ""
    marks = "".join(
        f'<span style="left:{x0 / 10}%;top:{y0 / 10}%;width:{(x1 - x0) / 10}%;height:{(y1 - y0) / 10}%"></span>'
        for answer in here
        for x0, y0, x1, y1 in answer.boxes
    )
    missing = [answer.text for answer in here if not answer.boxes]
    note = f"; not found on the page: {escape(', '.join(missing))}" if missing else ""
    image = base64.b64encode(sample.jpg).decode()
    # The caption is outside of the marked area: marks are placed relative to the image.
    return (
        f'<figure><img alt="page {page.page}" src="data:image/jpeg;base64,{image}">{marks}</figure>'
        f"<figcaption>page {page.page} of {page.pages}{note}</figcaption>"
    )
