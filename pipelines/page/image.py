"""Page images: detects blank and gray pages, and encodes the stored image."""

from __future__ import annotations

import numpy as np

INK_CONTRAST = 24
INK_SHARE = 2e-5
GRAY_TOLERANCE = 12
COLOUR_SHARE = 1e-3
PAPER_STEP, COLOUR_STEP = 8, 4  # only every eighth or fourth pixel per axis is examined


def is_blank(image: np.ndarray) -> bool:
    """Returns whether a page is blank: almost no pixel differs from the median colour of the page.

    Args:
        image: `(height, width, 3)` uint8 RGB.
    """
    subset = np.ascontiguousarray(image[::PAPER_STEP, ::PAPER_STEP])
    paper = np.median(subset.reshape(-1, 3), axis=0)
    limit = INK_SHARE * image.shape[0] * image.shape[1]
    return _ink(subset, paper) < limit and _ink(image, paper) < limit  # the subset is enough for most pages


def _ink(image: np.ndarray, paper: np.ndarray) -> int:
    """Returns the number of pixels that differ from the colour of the paper, `(3,)`."""
    import cv2

    unprinted = cv2.countNonZero(cv2.inRange(image, paper - INK_CONTRAST, paper + INK_CONTRAST))
    return image.shape[0] * image.shape[1] - unprinted


def is_gray(image: np.ndarray) -> bool:
    """Returns whether the three channels of an RGB image are equal, except for noise of JPEG and scanners.

    Args:
        image: `(height, width, 3)` uint8 RGB.
    """
    red, green, blue = np.moveaxis(image[::COLOUR_STEP, ::COLOUR_STEP], 2, 0)
    spread = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    return bool((spread > GRAY_TOLERANCE).mean() < COLOUR_SHARE)


def to_jpeg(image: np.ndarray, long_side_px: int, quality: int) -> tuple[bytes, int, int]:
    """Encodes a page as JPEG; gray pages become gray JPEGs.

    Args:
        image: `(height, width, 3)` uint8 RGB.
        long_side_px: larger images are scaled down to this long side.
        quality: 1..100.

    Returns:
        The bytes, and width and height of the encoded image in pixels.
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
    """Returns an image `(h, w, channels)` at a smaller size. Each pixel is the mean of the pixels that it covers.

    OpenCV does this slowly unless the factor is a whole number. If the image is first enlarged to twice the target
    size and then halved, it takes half the time. The result differs by less than the loss of JPEG.
    """
    import cv2

    if image.shape[0] < 2 * height:
        image = cv2.resize(image, (2 * width, 2 * height), interpolation=cv2.INTER_LINEAR)
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA).reshape(height, width, -1)
