"""Where the value of a field stands among the words of a page."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate

MIN_FUZZY = 8  # letters and digits of a value that may be found inexactly: shorter ones are like too many other texts
SIMILARITY = 85  # of 100: lowest similarity of letters and digits


def places_of_value(words: Sequence[str], value: str) -> list[range]:
    """Returns all places at which the words of a page have the letters and digits of a value.

    Case, blanks and all other signs do not count. If there is no such place, a long value is searched inexactly and
    also within words; the result is then the most similar place, if it is similar enough.

    Args:
        words: the words of the page in reading order.
        value: the value.

    Returns:
        The indices of the words of each place.
    """
    wanted = _letters(value)
    numbers = [number for number, word in enumerate(words) if _letters(word)]
    parts = [_letters(words[number]) for number in numbers]
    page, borders = "".join(parts), list(accumulate(map(len, parts), initial=0))
    ends = set(borders)
    exact = [(at, at + len(wanted)) for at in borders if at + len(wanted) in ends and page.startswith(wanted, at)]
    return [
        range(numbers[bisect_right(borders, start) - 1], numbers[bisect_left(borders, end) - 1] + 1)
        for start, end in (exact if wanted else []) or _similar(page, wanted)
    ]


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _similar(page: str, wanted: str) -> list[tuple[int, int]]:
    """Returns the first and the last but one letter of the part of a page that is most like a text, if one is."""
    from rapidfuzz.fuzz import partial_ratio_alignment

    if not MIN_FUZZY <= len(wanted) <= len(page):
        return []
    found = partial_ratio_alignment(wanted, page, score_cutoff=SIMILARITY)
    return [] if found is None else [(found.dest_start, found.dest_end)]
