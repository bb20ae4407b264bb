"""Finds and removes the skew of a scanned page.

The skew is found by projection profile (W. Postl, "Detection of linear oblique structures and skew scan in digitized
documents", ICPR 1986): if the page is sheared by the right angle, the lower edges of the letters fall onto few rows.

Angles are in degrees. They are positive if the content is turned clockwise.
"""

from __future__ import annotations

import math

import numpy as np

MAX_SKEW_DEG = 10.0
SEARCHED_DEG = 11.0  # larger than the limit, so that a peak at the limit has two sides
COARSE_STEP_DEG, FINE_STEP_DEG = 0.25, 0.05
FINE_REACH_DEG = 0.75  # around the best coarse angle
COARSE_ROW_PX, FINE_ROW_PX = 1.0, 0.25  # height of a row of the profile
LONG_SIDE_PX = 1200  # finds 0.05 degrees in 12 pt text, at a fifth of the cost of 150 dpi
INK_BELOW_MEAN = 12  # grey levels
INK_WINDOW_PX = 31  # window of the local mean: wider than a stroke, narrower than a shadow
LETTER_PX = (3, 60)  # height of possible letters; smaller is noise, larger is a picture or a frame
MIN_EDGES = 300  # edge pixels: about twenty words
MAX_EDGES = 20_000  # more add cost, not precision
WIDE_PX = 600  # of the scaled-down page; half of this width still contains a column of text
MIN_SKEW_DEG = 0.15  # below this, straight lines are not worth the sharpness that turning costs
MIN_PEAK = 1.5  # times the median energy; lines of text reach 2 to 12, photographs and noise less than 1.5


def straighten(image: np.ndarray) -> tuple[np.ndarray, float]:
    """Removes the skew of a scanned page.

    Args:
        image: `(h, w)` or `(h, w, 3)` uint8.

    Returns:
        The straight image, and the skew that was removed in degrees; 0 if the image is unchanged.
    """
    skew_deg = round(estimate_skew(image), 2)
    return (deskew(image, skew_deg), skew_deg) if abs(skew_deg) >= MIN_SKEW_DEG else (image, 0.0)


def estimate_skew(image: np.ndarray) -> float:
    """Returns the skew of a page in degrees, within +-10 and precise to about 0.1; 0.0 if there is no clear evidence.

    Args:
        image: `(h, w)` or `(h, w, 3)` uint8.
    """
    edges = _letter_edges(_shrunk_gray(image))
    if len(edges) < MIN_EDGES:
        return 0.0
    coarse = np.arange(-SEARCHED_DEG, SEARCHED_DEG + COARSE_STEP_DEG / 2, COARSE_STEP_DEG)
    energy = _energies(edges, coarse, COARSE_ROW_PX)
    best = int(energy.argmax())
    if energy[best] < MIN_PEAK * np.median(energy) or best in (0, len(coarse) - 1):
        return 0.0
    fine = coarse[best] + np.arange(-FINE_REACH_DEG, FINE_REACH_DEG + FINE_STEP_DEG / 2, FINE_STEP_DEG)
    return _top_of(fine, _energies(edges, fine, FINE_ROW_PX))


def deskew(image: np.ndarray, skew_deg: float) -> np.ndarray:
    """Returns the page turned about its centre by `-skew_deg`, at the same size.

    Areas that come into the image get the colour of its border.

    Args:
        image: `(h, w)` or `(h, w, 3)` uint8.
        skew_deg: the skew to remove.

    Returns:
        An image of the same shape and type.
    """
    import cv2

    height, width = image.shape[:2]
    return cv2.warpAffine(
        image, _turn(skew_deg, width, height), (width, height), flags=cv2.INTER_LINEAR, borderValue=_border(image)
    )


def upright_points(points: np.ndarray, skew_deg: float, width: int, height: int) -> np.ndarray:
    """Returns where `deskew` moves points `(n, 2)` of an image of `width` by `height` pixels, `(n, 2)`."""
    turn = _turn(skew_deg, width, height)
    return np.asarray(points, float).reshape(-1, 2) @ turn[:, :2].T + turn[:, 2]  # (n, 2)


def _turn(skew_deg: float, width: int, height: int) -> np.ndarray:
    """Returns the `(2, 3)` matrix that turns points by `-skew_deg` about the centre of the image; y axis down."""
    cos, sin = math.cos(math.radians(skew_deg)), math.sin(math.radians(skew_deg))
    turn = np.array([[cos, sin], [-sin, cos]])  # (2, 2)
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    return np.hstack([turn, (middle - turn @ middle)[:, None]])  # (2, 3)


def _border(image: np.ndarray) -> tuple[int, ...]:
    """Returns the median colour of the outermost pixels."""
    rim = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]]).reshape(-1, *image.shape[2:])
    return tuple(int(level) for level in np.atleast_1d(np.median(rim, axis=0)))


def _shrunk_gray(image: np.ndarray) -> np.ndarray:
    import cv2

    scale = LONG_SIDE_PX / max(image.shape[:2])
    if scale < 1:
        size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def _letter_edges(gray: np.ndarray) -> np.ndarray:
    """Returns the lower edges of all components with the height of letters, `(n, 2)` x and y.

    y has a precision below one pixel. In whole pixels, a word with a small skew would be level, and the estimated skew
    would be too near to 0.
    """
    import cv2

    smooth = cv2.GaussianBlur(gray, (3, 3), 0).astype(np.float32)
    excess = smooth - cv2.blur(smooth, (INK_WINDOW_PX, INK_WINDOW_PX)) + INK_BELOW_MEAN  # negative in ink
    ink = excess < 0
    _, label, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    height = stats[:, cv2.CC_STAT_HEIGHT]
    letter = (height >= LETTER_PX[0]) & (height <= LETTER_PX[1])
    letter[0] = False  # the background
    y, x = np.nonzero(ink[:-1] & ~ink[1:])
    kept = np.flatnonzero(letter[label[y, x]])
    kept = kept[:: max(1, -(-len(kept) // MAX_EDGES))]
    y, x = y[kept], x[kept]
    crossing = excess[y, x] / (excess[y, x] - excess[y + 1, x])
    return np.stack([x - gray.shape[1] / 2, y + crossing], axis=1).astype(np.float32)


def _energies(edges: np.ndarray, angles_deg: np.ndarray, row_px: float) -> np.ndarray:
    """Returns the energy of the profile at each angle, `(angles,)`: the sum of the squared number of edges per row.

    The halves of a wide page are counted separately. Otherwise the angle that aligns two columns would win.
    """
    by_x = edges[np.argsort(edges[:, 0], kind="stable")] / np.float32(row_px)
    parts = np.array_split(by_x, 2 if np.ptp(edges[:, 0]) >= WIDE_PX else 1)
    slopes = np.tan(np.radians(angles_deg)).astype(np.float32)  # (angles,)
    energies = [[_energy(part[:, 1] - part[:, 0] * slope) for slope in slopes] for part in parts]
    return np.sum(energies, axis=0)  # (parts, angles) -> (angles,)


def _energy(rows: np.ndarray) -> float:
    profile = np.bincount((rows - rows.min()).astype(np.int64))
    # Smoothed, so that the exact borders of the rows do not matter.
    return float(np.square(np.convolve(profile, [1.0, 2.0, 1.0])).sum())


def _top_of(angles_deg: np.ndarray, energy: np.ndarray) -> float:
    """Returns the centre of the peak: the mean of the angles, weighted by their energy above 90 % of the maximum."""
    weight = (energy - 0.9 * energy.max()).clip(0)
    return float((angles_deg * weight).sum() / weight.sum())
