"""The layers over a page: words in their lines, the reading order, the grid and the scores."""

from __future__ import annotations

import base64
from dataclasses import replace

import numpy as np
import pytest

from pipelines.report.page_view import LINE_COLOURS, PageView, grid_cells, page_view
from pipelines.report.rendering import render
from schemas import CorpusIndex, Line, Page, Sample, TokenizerInfo, Word, cell_of
from schemas.sample import encode_page
from tests.support.drawn_pages import draw_page

INDEX = CorpusIndex({}, "", TokenizerInfo("t5", "", 32_000), 4, 5, (), {})
NO_TOKENS = np.zeros((0, 8), np.int32)


def view_of(words: list[Word]) -> PageView:
    """Returns the view of a page with these words."""
    page, jpg = draw_page(seed=0, number=0, words=4, long_side=64, total=1)
    lines = tuple(Line((0, 0, 0, 0)) for _ in {word.line for word in words})
    page = replace(page, words=tuple(words), lines=lines)
    return page_view(Sample(page.key, jpg, encode_page(page), NO_TOKENS), INDEX)


def page_and_sample() -> tuple[Page, Sample]:
    page, jpg = draw_page(seed=0, number=0, words=60, long_side=128, total=1)
    return page, Sample(page.key, jpg, encode_page(page), np.zeros((70, 8), np.int32))


def test_each_word_is_in_its_line_and_in_reading_order():
    page, sample = page_and_sample()
    view = page_view(sample, INDEX)
    assert [line.box for line in view.lines] == [line.box for line in page.lines]
    assert [word.box for line in view.lines for word in line.words] == [word.box for word in page.words]
    assert " ".join(line.text for line in view.lines) == " ".join(word.text for word in page.words)


def test_the_picture_is_the_stored_image_unless_a_smaller_one_is_given():
    _, sample = page_and_sample()
    head = "data:image/jpeg;base64,"
    assert page_view(sample, INDEX).picture == head + base64.b64encode(sample.jpg).decode()
    assert page_view(sample, INDEX, b"small").picture == head + base64.b64encode(b"small").decode()


def test_successive_lines_have_different_colours():
    view = view_of([Word("a", (0, y, 9, y + 9), 1.0, y // 10) for y in range(0, 300, 10)])
    colours = [line.colour for line in view.lines]
    assert all(len(set(colours[start : start + LINE_COLOURS])) == LINE_COLOURS for start in range(20))


def test_the_css_has_every_colour_of_lines_and_scores():
    css = render("page_view.css")
    assert all(f".c{number} {{ --line:" in css for number in range(LINE_COLOURS))
    assert all(f".q{grade} {{ --grade:" in css for grade in range(5))


@pytest.mark.parametrize(
    ("score", "grade"), [(0.0, 0), (0.49, 0), (0.5, 1), (0.85, 2), (0.9, 3), (0.9699, 3), (0.97, 4), (1.0, 4)]
)
def test_a_score_has_the_colour_of_its_range(score, grade):
    assert view_of([Word("a", (0, 0, 9, 9), score, 0)]).lines[0].words[0].grade == grade


def test_the_reading_order_underlines_each_line_and_connects_it_to_the_next():
    view = view_of(
        [
            Word("a", (10, 10, 40, 20), 1.0, 0),
            Word("b", (60, 11, 90, 21), 1.0, 0),
            Word("c", (10, 30, 40, 40), 1.0, 1),
        ]
    )
    assert view.strokes == "M10 20L40 20L90 21M10 40L40 40"
    assert view.jumps == "M90 21L10 40"


@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (4, 4), (3, 7)])
def test_the_grid_cells_are_those_of_the_token_arrays(rows, cols):
    cells = grid_cells(rows, cols)
    assert cell_of(np.array(cells), rows, cols).tolist() == list(range(rows * cols))
    assert cells[0][:2] == (0, 0) and cells[-1][2:] == (1000, 1000)


def test_a_page_without_words_can_be_drawn():
    view = view_of([])
    assert (view.lines, view.strokes, view.jumps, view.mean_score) == ([], "", "", 0.0)


def test_a_view_has_the_totals_of_its_page():
    page, sample = page_and_sample()
    view = page_view(sample, INDEX)
    assert view.tokens == 70
    assert view.mean_score == pytest.approx(np.mean([word.score for word in page.words]), abs=1e-4)
    assert len(view.cells) == 20
