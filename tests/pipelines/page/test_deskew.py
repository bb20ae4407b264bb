"""Estimation and removal of skew."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipelines.page.deskew import deskew, estimate_skew, upright_points

WORDS = [
    "invoice",
    "total",
    "amount",
    "due",
    "net",
    "30",
    "days",
    "balance",
    "carried",
    "forward",
    "with",
    "thanks",
    "to",
]


def page_of_text(width: int = 1240, height: int = 1754, columns: int = 1, paper: int = 245) -> np.ndarray:
    """A page at 150 dpi with ragged lines of 11 pt. The lines of different columns are at different heights."""
    rng = np.random.default_rng(7)
    image = np.full((height, width, 3), paper, np.uint8)
    for column in range(columns):
        left, right = width * (column + 0.1) / columns, width * (column + 0.92) / columns
        for y in range(120 + 13 * column, height - 100, 34):
            text = " ".join(rng.choice(WORDS, 20))
            fits = int((right - left) * rng.uniform(0.7, 1.0) / 13)
            cv2.putText(image, text[:fits], (int(left), y), cv2.FONT_HERSHEY_DUPLEX, 0.65, (20, 20, 20), 1, cv2.LINE_AA)
    return image


def receipt() -> np.ndarray:
    image = np.full((1200, 420, 3), 250, np.uint8)
    for row, y in enumerate(range(60, 900, 36)):
        cv2.putText(image, WORDS[row % len(WORDS)], (20, y), cv2.FONT_HERSHEY_DUPLEX, 0.6, (0, 0, 0), 1, cv2.LINE_AA)
        cv2.putText(image, f"{row * 3}.50", (330, y), cv2.FONT_HERSHEY_DUPLEX, 0.6, (0, 0, 0), 1, cv2.LINE_AA)
    return image


def ruled_table() -> np.ndarray:
    image = np.full((1754, 1240, 3), 255, np.uint8)
    for y in range(200, 1500, 60):
        cv2.line(image, (100, y), (1140, y), (0, 0, 0), 2)
        for x in range(110, 1100, 260):
            cv2.putText(
                image, WORDS[(x + y) % 13], (x, y + 42), cv2.FONT_HERSHEY_DUPLEX, 0.7, (0, 0, 0), 1, cv2.LINE_AA
            )
    for x in range(100, 1141, 260):
        cv2.line(image, (x, 200), (x, 1460), (0, 0, 0), 2)
    return image


PAGES = {"text": page_of_text(), "two columns": page_of_text(columns=2), "receipt": receipt(), "table": ruled_table()}


@pytest.mark.parametrize("skew_deg", [-10.0, -8.7, -3.0, -0.35, 0.0, 0.2, 1.24, 9.5, 10.0])
@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
def test_the_skew_of_a_page_is_found_with_a_precision_of_a_tenth_of_a_degree(page, skew_deg):
    assert estimate_skew(deskew(page, -skew_deg)) == pytest.approx(skew_deg, abs=0.12)


def test_content_turned_clockwise_has_a_positive_skew():
    page = page_of_text()
    height, width = page.shape[:2]
    clockwise = cv2.getRotationMatrix2D((width / 2, height / 2), -4.0, 1.0)
    assert estimate_skew(cv2.warpAffine(page, clockwise, (width, height), borderValue=(245,) * 3)) > 3.8


def test_deskewing_removes_the_skew():
    skewed = deskew(page_of_text(), -2.6)
    assert estimate_skew(deskew(skewed, estimate_skew(skewed))) == pytest.approx(0.0, abs=0.1)


def test_grey_and_colour_images_have_the_same_skew():
    page = deskew(page_of_text(), 1.5)
    gray = cv2.cvtColor(page, cv2.COLOR_RGB2GRAY)
    assert estimate_skew(gray) == estimate_skew(page)
    assert deskew(gray, 1.5).shape == gray.shape


@pytest.mark.parametrize(
    "image",
    [
        np.full((1754, 1240, 3), 255, np.uint8),
        np.zeros((1754, 1240), np.uint8),
        np.full((1, 1, 3), 9, np.uint8),
        np.random.default_rng(1).integers(0, 256, (900, 700, 3)).astype(np.uint8),
        cv2.GaussianBlur(np.random.default_rng(2).integers(0, 256, (900, 700)).astype(np.uint8), (0, 0), 4),
        np.random.default_rng(3).normal(235, 10, (1754, 1240)).clip(0, 255).astype(np.uint8),
    ],
    ids=["white", "black", "one pixel", "noise", "clouds", "grainy paper"],
)
def test_a_page_without_text_has_no_skew(image):
    assert estimate_skew(image) == 0.0


def test_new_areas_at_the_corners_get_the_colour_of_the_border():
    page = np.full((400, 300, 3), (250, 240, 210), np.uint8)
    page[100:300, 100:200] = 0
    turned = deskew(page, 7.0)
    assert turned.shape == page.shape
    assert (turned[[0, 0, -1, -1], [0, -1, 0, -1]] == (250, 240, 210)).all()


def test_points_move_to_where_deskewing_moves_their_pixels():
    page = np.zeros((500, 400), np.uint8)
    page[80:83, 330:333] = 255
    turned = deskew(page, 5.0)
    y, x = np.unravel_index(cv2.GaussianBlur(turned, (0, 0), 1.5).argmax(), turned.shape)
    assert upright_points(np.array([[331.0, 81.0]]), 5.0, 400, 500)[0] == pytest.approx((x, y), abs=1.0)
