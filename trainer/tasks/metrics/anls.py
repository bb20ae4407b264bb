"""ANLS, the metric of DocVQA, InfographicVQA and ST-VQA (Biten et al. 2019, section 4.1)."""

from __future__ import annotations

from collections.abc import Sequence

THRESHOLD = 0.5  # lower similarities are 0


def anls(prediction: str, answers: Sequence[str]) -> float:
    """Returns the average normalised Levenshtein similarity of one question, 0..1, as the official script counts it.

    Case and white space do not count in the distance. It is divided by the length of the longer text before white space
    is collapsed.
    """
    from rapidfuzz.distance import Levenshtein

    best = 0.0
    for answer in answers:
        longest = max(len(answer.upper()), len(prediction.upper()))  # as in the script; upper case makes SS of ß
        distance = Levenshtein.distance(_normal(answer), _normal(prediction))
        best = max(best, 1.0 - distance / longest if longest else 1.0)
    return best if best >= THRESHOLD else 0.0


def _normal(text: str) -> str:
    return " ".join(text.lower().split())
