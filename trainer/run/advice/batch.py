"""Warns of a global batch that can only be cut into small passes."""

from __future__ import annotations

from collections.abc import Iterable

from trainer.data.sample_order import micro_batch_size

MANY = 4  # how many times larger the passes could be; below that a pass is not much slower


def small_passes(global_batch: int, maximum: int, ranks: int) -> str | None:
    """Returns a warning with better values if each pass of a rank holds far fewer pages than `--micro_batch` allows.

    A pass holds the same number of pages as every other one of its step. So if 31 pages a rank are divided only by 1,
    each of the 31 passes holds one page.

    Args:
        global_batch: pages per step, a multiple of `ranks`.
        maximum: `--micro_batch`.
        ranks: number of ranks.

    Returns:
        The warning, or None if the passes are large enough.
    """
    pages, size = global_batch // ranks, micro_batch_size(global_batch, maximum, ranks)
    possible = min(maximum, pages)
    if size == possible or (size > 1 and size * MANY > possible):
        return None
    fewer, more = (_first_good(near, maximum) for near in (range(pages - 1, 0, -1), range(pages + 1, 3 * pages)))
    held = "1 page" if size == 1 else f"{size} pages"
    return (
        f"--global_batch {global_batch} is {pages} pages a rank, whose largest divisor up to --micro_batch {maximum} "
        f"is {size}: a pass holds {held}, which is slow. Better: --global_batch {fewer * ranks} "
        f"({micro_batch_size(fewer, maximum, 1)} a pass) or {more * ranks} ({micro_batch_size(more, maximum, 1)})"
    )


def _first_good(pages: Iterable[int], maximum: int) -> int:
    """Returns the first number of pages whose passes are more than half as large as is possible."""
    return next(number for number in pages if 2 * micro_batch_size(number, maximum, 1) > min(maximum, number))
