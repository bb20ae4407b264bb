"""Converts images of any colour model and depth to 8-bit grey or RGB on white paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

_BITS, _PHOTOMETRIC, _MIN_IS_WHITE = 258, 262, 0  # tags of TIFF, and a value
_DEPTHS = (1.0, 255.0, 65_535.0, 4_294_967_295.0)  # largest values of floats, and of 8, 16 and 32 bits


def to_eight_bits(image: Image.Image) -> Image.Image:
    """Returns an image in mode `L` or `RGB`. Transparent parts become white.

    Args:
        image: a loaded image.

    Raises:
        ValueError: Pillow cannot convert its colours.
    """
    from PIL import Image

    if image.mode.startswith(("I", "F")):
        return Image.fromarray(_grey(image))
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), coloured).convert("RGB")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _grey(image: Image.Image) -> np.ndarray:
    """Returns an image of deep grey levels as `(height, width)` uint8."""
    levels = np.nan_to_num(np.asarray(image).astype(np.float32)).clip(0)
    tags = getattr(image, "tag_v2", {})
    depths: tuple[float, ...] = _DEPTHS if image.mode == "F" else _DEPTHS[1:]
    if image.mode.startswith("I;16"):
        depths = (2.0 ** tags.get(_BITS, (16,))[0] - 1,)  # Pillow does not scale the 12 bits of a TIFF
    highest = float(levels.max())
    depth = next((depth for depth in depths if highest <= depth), highest)
    grey = (levels * (255 / depth)).astype(np.uint8)
    is_inverted = tags.get(_PHOTOMETRIC) == _MIN_IS_WHITE  # Pillow inverts only 8 bits
    return 255 - grey if is_inverted else grey
