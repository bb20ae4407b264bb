"""A row of fragments that grows: its fragments in order, and whether it can take those of another row."""

from __future__ import annotations

import math
from bisect import bisect_left, insort

from pipelines.lines.neighbours import BACKSTEP

OVERPRINT = 0.2  # text heights: overlapping boxes whose levels differ by at most this are one text printed twice
MAX_OVERPRINTS = 64  # fragments at one place; a row that has so many takes no other one there

Span = tuple[float, float, float]  # x0, x1, level


class Row:
    """A chain of fragments, at first a single one. No fragment of a row is above another one of it.

    The smaller of two rows is merged into the larger one, and two rows that collide are not compared again. The work
    for n fragments therefore grows like n log n, up to the square of a logarithm.
    """

    def __init__(self, piece: int, span: Span, text_height: float) -> None:
        """Makes a row of one fragment, number `piece`. `text_height` is the unit of the limits above."""
        self.piece = piece
        self._text_height = text_height
        self._merged_into: Row | None = None
        self._next: Row | None = None  # the fragment after this one
        self._first = self._last = self
        # Sorted spans by class of width: of spans in one class, few overlap, unless text is printed on text.
        self._spans: dict[int, list[Span]] = {self._class_of(span): [span]}
        self._size = 1
        self._collides: set[Row] = set()

    def pieces(self) -> list[int]:
        """Returns the fragments of the row in the order in which they were joined; none if the row was appended."""
        chain: list[int] = []
        if self._whole()._first is self:
            row: Row | None = self
            while row:
                chain.append(row.piece)
                row = row._next
        return chain

    def append(self, fragment: Row) -> None:
        """Appends the row of a fragment to the row of this one, unless they are one row or collide."""
        one, other = self._whole(), fragment._whole()
        if one is other or other in one._collides:
            return
        large, small = (one, other) if one._size >= other._size else (other, one)
        if any(large._has_above(span) for spans in small._spans.values() for span in spans):
            one._collides.add(other)
            other._collides.add(one)
            return
        one._last._next = other._first
        large._first, large._last = one._first, other._last
        large._take(small)

    def _whole(self) -> Row:
        """Returns the row that holds this fragment."""
        whole = self
        while whole._merged_into:
            whole = whole._merged_into
        return whole

    def _take(self, small: Row) -> None:
        small._merged_into = self
        self._size += small._size
        for width, spans in small._spans.items():
            few, many = sorted((spans, self._spans.get(width, [])), key=len)
            for span in few:
                insort(many, span)
            self._spans[width] = many
        for row in small._collides:
            row._collides.discard(small)
            row._collides.add(self)
        self._collides |= small._collides

    def _class_of(self, span: Span) -> int:
        return max(0, math.frexp((span[1] - span[0]) / self._text_height)[1])

    def _has_above(self, span: Span) -> bool:
        """Returns whether a fragment of this row is above or below a span. Text printed twice is allowed."""
        x0, x1, level = span
        overlap, overprints = BACKSTEP * self._text_height, 0
        for width, spans in self._spans.items():
            stop = bisect_left(spans, (x1 - overlap,))
            nearest = x0 + overlap - 2.0**width * self._text_height
            for at in range(stop - 1, -1, -1):
                other_x0, other_x1, other_level = spans[at]
                if other_x0 < nearest:
                    break
                if min(x1, other_x1) - max(x0, other_x0) > overlap:
                    overprints += 1
                    if abs(level - other_level) > OVERPRINT * self._text_height or overprints >= MAX_OVERPRINTS:
                        return True
        return False
