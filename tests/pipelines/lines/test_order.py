"""Words in lines and in reading order, on pages made of boxes alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.lines.order import order_words
from tests.pipelines.lines.pages import EM, HEIGHT, WIDTH, one_line_per_row, prose, read, row, skewed


def test_a_label_and_its_value_on_one_row_are_one_line():
    form = [row(40, y, 30, 25) + row(500, y, 45) for y in range(100, 400, 30)]
    assert read(form) == one_line_per_row(form)


def test_a_row_of_a_table_is_one_line_however_wide_its_gaps():
    table = [row(40, y, 60, 40) + row(260, y, 30) + row(380, y, 35) + row(500, y, 50) for y in range(100, 500, 14)]
    assert read(table) == one_line_per_row(table)


def test_a_table_of_two_wide_columns_is_read_by_rows():
    table = [row(40, y, 60, 60, 60) + row(330, y, 60, 60, 60) for y in range(100, 500, 28)]
    assert read(table) == one_line_per_row(table)


@pytest.mark.parametrize("offset", [0.0, 5.0], ids=["on one grid", "staggered"])
def test_the_two_columns_of_an_article_are_separate_lines_and_the_left_column_is_read_first(offset):
    article = prose(40, 100, 250, 40, seed=1) + prose(310, 100 + offset, 250, 40, seed=2)
    assert read(article) == one_line_per_row(article)


def test_three_columns_are_read_from_left_to_right():
    article = [line for k in range(3) for line in prose(30 + 185 * k, 100, 170, 40, seed=k)]
    assert read(article) == one_line_per_row(article)


def test_a_gutter_of_one_em_is_enough():
    article = prose(40, 100, 255, 45, seed=1) + prose(305, 100, 255, 45, seed=2)
    assert read(article) == one_line_per_row(article)


def test_a_full_width_heading_divides_the_columns_into_an_upper_and_a_lower_part():
    page = [
        row(120, 50, 90, 90, 90, 60, height=18),
        *prose(40, 100, 250, 14, seed=1),
        *prose(310, 105, 250, 14, seed=2),
        row(40, 300, 110, 110, 110, 110, height=14),
        *prose(40, 330, 250, 14, seed=3),
        *prose(310, 330, 250, 14, seed=4),
    ]
    assert read(page) == one_line_per_row(page)


def test_a_running_head_above_two_columns_is_one_line():
    page = [row(40, 40, 50, 60) + row(545, 40, 12), *prose(40, 100, 250, 30, seed=1), *prose(310, 100, 250, 30, seed=2)]
    assert read(page) == one_line_per_row(page)


def test_a_table_inside_one_column_keeps_its_rows():
    table = [row(40, y, 40) + row(150, y, 30) + row(240, y, 30) for y in range(300, 380, 14)]
    left = prose(40, 100, 250, 15, seed=1) + table + prose(40, 400, 250, 15, seed=2)
    page = left + prose(310, 105, 250, 40, seed=3)
    assert read(page) == one_line_per_row(page)


def test_formulas_between_two_parts_of_a_column_stay_in_that_column():
    page = []
    for x, seed in ((40, 1), (310, 3)):
        formulas = [row(x + indent, 274 + 14 * k, 60, 40) for k, indent in enumerate([80, 60, 140, 50])]
        page += [*prose(x, 100, 250, 14, seed=seed), *formulas, *prose(x, 338, 250, 14, seed=seed + 1)]
    assert read(page) == one_line_per_row(page)


def test_a_short_line_at_the_right_edge_belongs_to_its_column():
    left = [row(40, 100, 60), *prose(40, 112, 250, 29, seed=1)]
    right = [row(513, 100, 40), *prose(310, 112, 250, 29, seed=3)]
    assert read(left + right) == one_line_per_row(left + right)


def test_a_line_that_almost_reaches_the_other_column_is_still_cut_at_the_gutter():
    left = [*prose(40, 100, 250, 12, seed=1), row(40, 244, 120, 131), row(40, 256, 80)]
    right = prose(300, 100, 250, 20, seed=2)
    assert read(left + right) == one_line_per_row(left + right)


def test_a_line_across_both_columns_is_not_cut_at_a_space_above_the_gutter():
    across = row(40, 76, 257.5, 240, gap=4)
    page = [across, *prose(40, 100, 250, 30, seed=1), *prose(310, 100, 250, 30, seed=2)]
    assert read(page) == one_line_per_row(page)


def test_the_rows_of_a_table_next_to_a_column_of_text_do_not_include_that_text():
    table = [row(40, 84, 200), *(row(40, y, 60, *[25] * 4, gap=18) for y in range(100, 240, 10))]
    text = prose(310, 103, 250, 12)
    assert read([*table, *text]) == one_line_per_row([*table, *text])


@pytest.mark.parametrize("degrees", [-0.5, 0.3, 0.5])
def test_half_a_degree_of_skew_breaks_neither_rows_nor_columns(degrees):
    form = [row(40, y, 30, 25) + row(250, y, 45) + row(500, y, 45) for y in range(100, 500, 16)]
    article = prose(40, 100, 250, 40, seed=1) + prose(310, 100, 250, 40, seed=2)
    assert read(skewed(form, degrees)) == one_line_per_row(form)
    assert read(skewed(article, degrees)) == one_line_per_row(article)


def test_punctuation_and_letters_of_any_height_stay_on_their_line():
    line = [[40, 103, 60, 110], [62, 108, 64, 112], [68, 100, 90, 113], [93, 105, 99, 106], [102, 103, 130, 113]]
    page = [[[x0, y0 + dy, x1, y1 + dy] for x0, y0, x1, y1 in line] for dy in range(0, 120, 13)]
    assert read(page) == one_line_per_row(page)


def test_a_superscript_belongs_to_its_line():
    page = [[*row(40, y, 60, 40), [144, y - 2, 149, y + 4], *row(153, y, 50)] for y in range(100, 300, 12)]
    assert read(page) == one_line_per_row(page)


def test_a_drop_cap_belongs_to_the_first_line_next_to_it():
    first, second, *rest = prose(40, 100, 400, 8)
    cap = [40.0, 98.0, 62.0, 124.0]
    indented = [[[x0 + 26, y0, x1 + 26, y1] for x0, y0, x1, y1 in words] for words in (first, second)]
    page = [[cap, *indented[0]], indented[1], *rest]
    assert read(page) == one_line_per_row(page)


def test_words_of_very_different_size_on_one_baseline_are_one_line():
    page = [row(40, 100, 60, 40), [[40, 130, 120, 160], *row(130, 150, 40, 30)], row(40, 170, 60, 40)]
    assert read(page) == one_line_per_row(page)


def test_a_vertical_stamp_in_the_margin_is_the_last_line_and_is_read_upwards():
    text = prose(60, 100, 450, 30)
    stamp = [[20, 600, 32, 680], [20, 500, 32, 596], [20, 420, 32, 496]]
    assert read([*text, stamp]) == one_line_per_row([*text, stamp])
    order, _ = order_words(np.array([word for words in [*text, stamp] for word in words]), WIDTH, HEIGHT)
    assert order[-3:].tolist() == sorted(order[-3:].tolist())


def test_the_short_words_of_a_vertical_stamp_stay_in_its_line():
    text = prose(60, 100, 450, 40)
    stamp = [[20, 520, 32, 600], [20, 508, 32, 516], [20, 490, 32, 504], [20, 400, 32, 486]]
    assert read([*text, stamp]) == one_line_per_row([*text, stamp])


def test_numbers_below_vertical_column_headings_stay_in_their_rows():
    heads = [[x, 60, x + 12, 120] for x in (100, 200, 300)]
    table = [[[x, y, x + 11, y + EM] for x in (100, 200, 300)] for y in range(124, 300, 12)]
    assert read([*table, *([head] for head in heads)])[: len(table)] == one_line_per_row(table)


def test_vertical_script_is_read_downwards_and_from_right_to_left():
    breaks = np.random.default_rng(3).uniform(100, 500, 20)
    columns = [[[x, 50, x + 12, y], [x, y + 6, x + 12, 600]] for x, y in zip(range(500, 100, -20), breaks, strict=True)]
    order, line = order_words(np.array([word for words in columns for word in words]), WIDTH, HEIGHT)
    assert order.tolist() == list(range(len(order)))
    assert line.tolist() == [number for number in range(len(columns)) for _ in range(2)]


def test_a_horizontal_title_above_vertical_script_is_read_first_and_a_footer_last():
    columns = [[x, 100, x + 12, 600] for x in range(500, 100, -20)]
    title, footer = [[150, 40, 250, 60], [260, 40, 330, 60]], [[280, 700, 320, 712]]
    order, line = order_words(np.array([*columns, *footer, *title]), WIDTH, HEIGHT)
    assert order.tolist() == [21, 22, *range(20), 20]
    assert line.tolist() == [0, 0, *range(1, 22)]


def test_right_to_left_text_is_read_from_the_right_and_numbers_in_it_from_the_left():
    boxes = np.array(row(100, 100, 40, 30, 30, 40, 30))
    arabic = order_words(boxes, WIDTH, HEIGHT, right_to_left=np.array([True, False, False, True, True]))
    assert [found.tolist() for found in arabic] == [[4, 3, 1, 2, 0], [0, 0, 0, 0, 0]]
    quoting, _ = order_words(boxes, WIDTH, HEIGHT, right_to_left=np.array([False, True, True, False, False]))
    assert quoting.tolist() == [0, 2, 1, 3, 4]


def test_the_right_column_of_a_right_to_left_article_is_read_first():
    article = prose(310, 105, 250, 30, seed=2) + prose(40, 100, 250, 30, seed=1)
    words = sum(map(len, article))
    assert read(article, right_to_left=np.ones(words, bool)) == one_line_per_row(article)


def test_a_page_without_words_has_no_lines():
    order, line = order_words(np.zeros((0, 4)), WIDTH, HEIGHT)
    assert (len(order), len(line)) == (0, 0)


def test_a_page_without_area_is_an_error():
    with pytest.raises(ValueError, match="page_width and page_height must be positive, not 0 and 800"):
        order_words(np.array([[0, 0, 1, 1]]), 0, 800)


coordinates = st.integers(0, 500)
pages = st.lists(
    st.tuples(coordinates, coordinates, st.integers(0, 80), st.integers(0, 40)), min_size=1, max_size=40, unique=True
).map(lambda words: np.array([[x, y, x + w, y + h] for x, y, w, h in words], float))


@given(pages)
def test_every_word_occurs_once_and_line_numbers_start_at_0_without_gaps(boxes):
    order, line = order_words(boxes, WIDTH, HEIGHT)
    assert sorted(order.tolist()) == list(range(len(boxes)))
    assert line[0] == 0
    assert set(np.diff(line).tolist()) <= {0, 1}


@given(pages, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(boxes, random):
    shuffle = np.array(random.sample(range(len(boxes)), len(boxes)))
    order, line = order_words(boxes, WIDTH, HEIGHT)
    shuffled_order, shuffled_line = order_words(boxes[shuffle], WIDTH, HEIGHT)
    assert boxes[order].tolist() == boxes[shuffle][shuffled_order].tolist()
    assert line.tolist() == shuffled_line.tolist()


@given(pages, st.sampled_from([0.25, 2.0, 64.0]))
def test_the_unit_of_length_does_not_matter(boxes, scale):
    order, line = order_words(boxes, WIDTH, HEIGHT)
    scaled_order, scaled_line = order_words(boxes * scale, WIDTH * scale, HEIGHT * scale)
    assert (order.tolist(), line.tolist()) == (scaled_order.tolist(), scaled_line.tolist())


@given(st.integers(0, 10), st.integers(-64, 64), st.integers(-64, 64))
def test_the_position_of_the_text_on_the_page_does_not_matter(seed, right, down):
    article = prose(100, 100, 200, 20, seed=seed) + prose(330, 105, 200, 20, seed=seed + 1)
    boxes = np.array([word for words in article for word in words])
    moved = boxes + np.array([right, down, right, down])
    assert np.array(order_words(boxes, WIDTH, HEIGHT)).tolist() == np.array(order_words(moved, WIDTH, HEIGHT)).tolist()
