"""An HTML page that shows what a model found, marked on the pages of the documents."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from schemas import Box, Sample
from trainer.answering.labeller import Entity
from trainer.answering.predictor import Answer

ANSWER_HUE = 48.0  # degrees of the colour wheel: yellow
GOLDEN_ANGLE = 137.5  # degrees between the colours of two labels: any number of them stays apart

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; color: #1a1a1a }
h2 { font-size: 1.1rem; margin: 2.5rem 0 .5rem; overflow-wrap: anywhere }
table { border-collapse: collapse; margin-bottom: 1rem }
td, th { text-align: left; padding: .3rem 1rem .3rem 0; border-bottom: 1px solid #ddd; vertical-align: top }
ul { display: flex; flex-wrap: wrap; gap: .3rem .6rem; list-style: none; margin: 0 0 .8rem; padding: 0 }
li { padding: 0 .5rem }
li, figure span { background: hsl(var(--hue) 95% 80%); outline: 2px solid hsl(var(--hue) 75% 40%) }
figure { position: relative; margin: 0; border: 1px solid #ccc }
figure img { display: block; width: 100% }
figure span { position: absolute; mix-blend-mode: multiply }
figcaption { padding: .4rem .6rem; background: #f4f4f4; margin-bottom: 1.5rem }
"""


def head(title: str) -> str:
    """Returns the beginning of the page."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body><h1>{escape(title)}</h1>\n"
    )


def answers_html(uri: str, questions: Mapping[str, str], answers: Mapping[str, Answer], pages: Sequence[Sample]) -> str:
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
    shown = (_answers_on(sample, answers.values()) for sample in pages)
    return f"<h2>{escape(uri)}</h2><table>{head}{rows}</table>{''.join(shown)}\n"


def _answers_on(sample: Sample, answers: Iterable[Answer]) -> str:
    here = [answer for answer in answers if answer.page == sample.page().page]
    if not here:
        return ""
    missing = [answer.text for answer in here if not answer.boxes]
    note = f"; not found on the page: {', '.join(missing)}" if missing else ""
    return _figure(
        sample, "".join(_mark(box, ANSWER_HUE, answer.text) for answer in here for box in answer.boxes), note
    )


def entities_html(uri: str, names: Sequence[str], entities: Iterable[Entity], pages: Sequence[Sample]) -> str:
    """Returns the part of the page for one document: how often each label occurs, and its pages in their colours.

    Args:
        uri: the document.
        names: all labels. Each has its own colour, which is the same for all documents.
        entities: those of the document.
        pages: the usable pages of the document.
    """
    found = list(entities)
    counts = Counter(entity.label for entity in found)
    hues = {name: number * GOLDEN_ANGLE % 360 for number, name in enumerate(names)}
    legend = "".join(
        f'<li style="--hue:{hues[name]}">{escape(name)}: {counts[name]}</li>' for name in names if counts[name]
    )
    shown = []
    for sample in pages:
        here = (entity for entity in found if entity.page == sample.page().page)
        marks = (_mark(box, hues[e.label], f"{e.label}: {e.text}") for e in here for box in e.boxes)
        shown.append(_figure(sample, "".join(marks)))
    return f"<h2>{escape(uri)}</h2><ul>{legend}</ul>{''.join(shown)}\n"


def _mark(box: Box, hue: float, text: str) -> str:
    """Returns a mark on a page, with a text that is shown under the pointer."""
    x0, y0, x1, y1 = (value / 10 for value in box)
    place = f"left:{x0}%;top:{y0}%;width:{x1 - x0:.1f}%;height:{y1 - y0:.1f}%"
    return f'<span style="--hue:{hue};{place}" title="{escape(text)}"></span>'


def _figure(sample: Sample, marks: str, note: str = "") -> str:
    page = sample.page()
    image = base64.b64encode(sample.jpg).decode()
    # The caption is outside of the marked area: marks are placed relative to the image.
    return (
        f'<figure><img alt="page {page.page}" src="data:image/jpeg;base64,{image}">{marks}</figure>'
        f"<figcaption>page {page.page} of {page.pages}{escape(note)}</figcaption>"
    )
