"""Page images: is there anything on them, how large are they stored, as which bytes."""

from __future__ import annotations

import numpy as np

INK_CONTRAST = 24
INK_SHARE = 2e-5
GRAY_TOLERANCE = 12
COLOUR_SHARE = 1e-3
PAPER_STEP, COLOUR_STEP = 8, 4  # of the pixels that are looked at


def is_blank(image: np.ndarray) -> bool:
    """Tells whether an RGB page shows nothing: hardly a pixel differs from the page's own colour.

    Args:
        image: `(height, width, 3)` uint8.
    """
    glimpse = np.ascontiguousarray(image[::PAPER_STEP, ::PAPER_STEP])
    paper = np.median(glimpse.reshape(-1, 3), axis=0)
    limit = INK_SHARE * image.shape[0] * image.shape[1]
    return _ink(glimpse, paper) < limit and _ink(image, paper) < limit  # most pages show it at a glimpse


def _ink(image: np.ndarray, paper: np.ndarray) -> int:
    """Counts the pixels that differ from the colour of the paper, `(3,)`."""
    import cv2

    bare = cv2.countNonZero(cv2.inRange(image, paper - INK_CONTRAST, paper + INK_CONTRAST))
    return image.shape[0] * image.shape[1] - bare


def is_gray(image: np.ndarray) -> bool:
    """Tells whether the three channels of an RGB image agree up to what JPEG and scanners add."""
    red, green, blue = np.moveaxis(image[::COLOUR_STEP, ::COLOUR_STEP], 2, 0)
    spread = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    return bool((spread > GRAY_TOLERANCE).mean() < COLOUR_SHARE)


def to_jpeg(image: np.ndarray, long_side_px: int, quality: int) -> tuple[bytes, int, int]:
    """Returns the page as JPEG, gray where the page is, with its width and height in pixels.

    Args:
        image: `(height, width, 3)` uint8 RGB.
        long_side_px: images with a longer side are scaled down to it.
        quality: 1..100.
    """
    import cv2
    import simplejpeg

    gray = is_gray(image)
    if gray:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[:, :, None]
    height, width = image.shape[:2]
    scale = min(1.0, long_side_px / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if scale < 1:
        image = _shrunk(image, *size)
    colours = ("GRAY",) if gray else ("RGB", "420")
    return simplejpeg.encode_jpeg(np.ascontiguousarray(image), quality, *colours), *size


def _shrunk(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Returns an image `(h, w, channels)` at a smaller size, each pixel the mean of those that it covers.

    OpenCV is slow at that unless it is by a whole number. An image that is first enlarged a little, to twice the size
    wanted, and then halved is done in half the time, and differs by less than JPEG loses.
    """
    import cv2

    if image.shape[0] < 2 * height:
        image = cv2.resize(image, (2 * width, 2 * height), interpolation=cv2.INTER_LINEAR)
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA).reshape(height, width, -1)
