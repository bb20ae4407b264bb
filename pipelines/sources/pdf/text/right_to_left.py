"""Words of runs with Hebrew or Arabic letters, in logical order.

Programs write such lines in many orders, and write a bracket either as it looks or as it is meant. Only the places of
the glyphs are certain. So the line is taken from left to right and turned into logical order, as far as a word needs:
a simple inverse of the Unicode Bidirectional Algorithm (Unicode Standard Annex 9). Brackets are then told by their
place: at the start of a word they open.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from statistics import median
from typing import NamedTuple

from pipelines.sources.pdf.text.chains import merged
from pipelines.sources.pdf.text.characters import Box, Character, Run
from pipelines.sources.pdf.text.copies import hull_of, is_copy

MAX_GAP, MAX_SHIFT = 0.6, 0.3  # font sizes: gap or overlap, and difference in level, of neighbours on a line
WORD_GAP = 0.115  # font sizes beyond the usual gap: separates two words although no space is drawn
MAX_ZERO = 0.02  # font sizes: width of a character that belongs to the glyph before it, as in a ligature
LEFT, RIGHT, NUMBER, NEUTRAL = "L", "R", "N", "O"
_MIRRORED = str.maketrans("()[]{}<>«»‹›", ")(][}{><»«›‹")
_STOPS = frozenset(".,:;!?")
_OPENING, _CLOSING = frozenset("([{<«‹"), frozenset(")]}>»›")

Cluster = list[Character]
"""A character with its accents, or the characters of a ligature."""


class Glyph(NamedTuple):
    """A cluster, and whether it is part of text from right to left."""

    cluster: Cluster
    is_leftward: bool


def is_right_to_left_run(run: Run) -> bool:
    """Returns whether a run is level and has a letter that is written from right to left."""
    return run.is_level and any(_kind(character.text) == RIGHT for character in run.characters if character.text > "֐")


def with_whole_lines(runs: list[Run]) -> list[Run]:
    """Returns the runs, with those joined that are neighbours on a line with letters from right to left.

    MuPDF cuts such a line where a program draws the next word or digit to the left of the last one.
    """
    if not any(map(is_right_to_left_run, runs)):
        return runs
    chains: list[list[Run]] = []
    hull = (0.0, 0.0, 0.0, 0.0)
    for run in runs:
        box = hull_of(run.characters)
        if chains and chains[-1][-1].is_level and run.is_level and _are_neighbours(hull, box, run.characters[0].size):
            chains[-1].append(run)
            hull = min(hull[0], box[0]), min(hull[1], box[1]), max(hull[2], box[2]), max(hull[3], box[3])
        else:
            chains.append([run])
            hull = box
    whole: list[Run] = []
    for chain in chains:
        is_one = len(chain) > 1 and any(map(is_right_to_left_run, chain))
        whole += [merged(chain, chain[0].angle_deg, is_column=False)] if is_one else chain
    return whole


def _are_neighbours(line: Box, box: Box, size: float) -> bool:
    gap = max(box[0] - line[2], line[0] - box[2])
    level = abs(line[1] + line[3] - box[1] - box[3]) / 2
    return -MAX_GAP * size <= gap <= MAX_GAP * size and level <= MAX_SHIFT * size


def logical_words(run: Run) -> list[Cluster]:
    """Returns the characters of each word of a run with letters from right to left, in logical order."""
    words = list(_visual_words(run.characters))
    kinds = [_word_kind(word) for word in words]
    base = RIGHT if kinds.count(RIGHT) > kinds.count(LEFT) else LEFT
    pieces: list[list[Glyph]] = []
    for kind, group in groupby(zip(kinds, words, strict=True), key=lambda pair: pair[0]):
        same = [word for _, word in group]
        is_phrase = kind in (LEFT, RIGHT) and kind != base and len(same) > 1
        for word in same:
            pieces += _without_ends(word, kind) if is_phrase else [_logical(word, base)]
    return [[character for glyph in piece for character in glyph.cluster] for piece in _with_brackets(pieces)]


def _clusters(characters: Sequence[Character]) -> list[Cluster]:
    """Returns the glyphs and spaces in the order of the run. MuPDF can add a space before an accent, which is none."""
    clusters: list[Cluster] = []
    for character in characters:
        is_accent = bool(unicodedata.combining(character.text[0]))
        if is_accent and len(clusters) > 1 and clusters[-1][0].text.isspace():
            clusters.pop()
        is_part = is_accent or character.width < MAX_ZERO * character.size
        if clusters and is_part and not (character.text.isspace() or clusters[-1][0].text.isspace()):
            clusters[-1].append(character)
        else:
            clusters.append([character])
    return clusters


def _visual_words(characters: Sequence[Character]) -> Iterator[list[Cluster]]:
    """Yields the words from left to right, each from left to right.

    Two glyphs are separated by a space between them, on the line or in the order of the run: MuPDF adds spaces as if
    all text ran from left to right, so their place can be wrong.
    """
    clusters = _clusters(characters)
    glyphs = sorted((each for each in clusters if not each[0].text.isspace()), key=lambda each: each[0].centre[0])
    facing = {frozenset((id(one), id(two))) for one, two in pairwise(glyphs)}
    cuts: set[frozenset[int]] = set()
    spaces: list[float] = []  # middles of spaces whose neighbours in the run are not neighbours on the line
    for one, space, two in zip(clusters, clusters[1:], clusters[2:], strict=False):
        if space[0].text.isspace():
            pair = frozenset((id(one), id(two)))
            if pair in facing:
                cuts.add(pair)
            else:
                insort(spaces, space[0].centre[0])
    gaps = [after[0].box[0] - before[0].box[2] for before, after in pairwise(glyphs)]
    usual = max(0.0, median(gaps)) if gaps else 0.0
    word = glyphs[:1]
    for cluster in glyphs[1:]:
        before, after = word[-1][0], cluster[0]
        if before.text == after.text and is_copy(before, after):
            continue
        gap = after.box[0] - before.box[2]
        has_space = bisect_left(spaces, before.box[2]) < bisect_left(spaces, after.box[0])
        if has_space or gap > usual + WORD_GAP * after.size or frozenset((id(word[-1]), id(cluster))) in cuts:
            yield word
            word = []
        word.append(cluster)
    yield word


def _kind(text: str) -> str:
    """Returns the direction of a character, in the terms of the algorithm but with fewer classes."""
    direction = unicodedata.bidirectional(text[0])
    if direction in ("R", "AL"):
        return RIGHT
    if direction in ("EN", "AN"):
        return NUMBER
    return LEFT if direction == "L" else NEUTRAL


def _word_kind(word: list[Cluster]) -> str:
    kinds = [_kind(cluster[0].text) for cluster in word]
    return next((kind for kind in (RIGHT, LEFT, NUMBER) if kind in kinds), NEUTRAL)


def _without_ends(word: list[Cluster], kind: str) -> list[list[Glyph]]:
    """Returns a word of a phrase in the other direction, with the signs at its ends as words of their own.

    Signs at the end of the phrase belong to the line around it: a full stop stands beside the first word, not the last.
    """
    kinds = _resolved(word, LEFT if kind == RIGHT else RIGHT)
    inner = [at for at, each in enumerate(kinds) if each in (kind, NUMBER)]
    first, last = inner[0], inner[-1] + 1
    ends = [[Glyph(cluster, kind == LEFT) for cluster in part] for part in (word[:first], word[last:])]
    return [part for part in (ends[0], _logical(word[first:last], kind), ends[1]) if part]


def _logical(word: list[Cluster], base: str) -> list[Glyph]:
    """Returns a word in logical order.

    Args:
        word: the word from left to right.
        base: direction of the line.
    """
    kinds = _resolved(word, base)
    glyphs = [Glyph(cluster, kind == RIGHT) for cluster, kind in zip(word, kinds, strict=True)]
    parts = [(kind, [glyphs[at] for at in group]) for kind, group in groupby(range(len(word)), key=kinds.__getitem__)]
    parts = [(kind, part[::-1] if kind == RIGHT else part) for kind, part in parts]
    if base == RIGHT:
        return [glyph for _, part in reversed(parts) for glyph in part]
    # In a line from left to right, a number beside letters from right to left is a part of their text.
    found: list[Glyph] = []
    for is_left, group in groupby(parts, key=lambda part: part[0] == LEFT):
        same = list(group)
        found += [glyph for _, part in (same if is_left else reversed(same)) for glyph in part]
    return found


def _resolved(word: list[Cluster], base: str) -> list[str]:
    """Returns the kinds of the characters of a word, from left to right, without neutral ones."""
    texts = [cluster[0].text for cluster in word]
    kinds = _with_signs([_kind(text) for text in texts], texts)
    if RIGHT not in kinds:
        _close_brackets(kinds, texts)
    for at in range(1, len(kinds)):
        if texts[at] in _STOPS and kinds[at - 1] in (LEFT, NUMBER) and set(texts[at:]) <= _STOPS:
            kinds[at] = kinds[at - 1]  # no word starts with a full stop
    strong = [kind if kind != NUMBER else (RIGHT if base == RIGHT or RIGHT in kinds else LEFT) for kind in kinds]
    for at, kind in enumerate(strong):
        if kind == NEUTRAL:
            before = strong[at - 1] if at else base
            after = next((each for each in strong[at:] if each != NEUTRAL), base)
            around = {kinds[at - 1] if at else base, next((each for each in kinds[at:] if each != NEUTRAL), base)}
            is_latin = LEFT in around and around <= {LEFT, NUMBER}  # as in COVID-19
            kinds[at] = strong[at] = LEFT if is_latin else before if before == after else base
    return [_beside_left(kinds, at) if kind == NUMBER else kind for at, kind in enumerate(kinds)]


def _with_signs(kinds: list[str], texts: list[str]) -> list[str]:
    """Returns the kinds with the signs that belong to a number: separators between digits, %, a minus before it."""
    found = list(kinds)
    for at in (at for at, kind in enumerate(kinds) if kind == NEUTRAL):
        before, after = (found[at - 1] if at else ""), (kinds[at + 1] if at + 1 < len(kinds) else "")
        direction = unicodedata.bidirectional(texts[at])
        is_separator = direction in ("ES", "CS") and before == after == NUMBER
        is_minus = direction == "ES" and at == 0 and after == NUMBER
        if is_separator or is_minus or (direction == "ET" and NUMBER in (before, after)):
            found[at] = NUMBER
    return found


def _close_brackets(kinds: list[str], texts: list[str]) -> None:
    """Makes brackets around Latin letters, seen from left to right, a part of them, as in f(x)."""
    opened: list[int] = []
    for at, text in enumerate(texts):
        if text in _OPENING:
            opened.append(at)
        elif text in _CLOSING and opened:
            first = opened.pop()
            if LEFT in kinds[first:at]:
                kinds[first] = kinds[at] = LEFT


def _beside_left(kinds: list[str], at: int) -> str:
    """Returns the kind of a number: a part of the Latin text that it touches."""
    start = at
    while start and kinds[start] == NUMBER:
        start -= 1
    stop = at
    while stop < len(kinds) - 1 and kinds[stop] == NUMBER:
        stop += 1
    return LEFT if LEFT in (kinds[start], kinds[stop]) else NUMBER


def _with_brackets(words: list[list[Glyph]]) -> list[list[Glyph]]:
    """Returns the words, from left to right, with brackets as they are meant, if most are written as they look.

    Only the brackets in text from right to left look other than they are meant.
    """
    votes = 0
    for at, word in enumerate(words):
        first, last = (glyph.cluster[0].text if glyph.is_leftward else "" for glyph in (word[0], word[-1]))
        if len(word) > 1:
            votes += _opens(first) - _opens(last)
        elif at + 1 < len(words) and not words[at + 1][0].is_leftward:  # left of a Latin phrase, so behind it
            votes -= _opens(first)
        else:
            votes += _opens(first)
    return words if votes >= 0 else [[_mirrored(glyph) for glyph in word] for word in words]


def _opens(text: str) -> int:
    """Returns 1 for an opening bracket, -1 for a closing one, else 0."""
    return (text in _OPENING) - (text in _CLOSING)


def _mirrored(glyph: Glyph) -> Glyph:
    if not glyph.is_leftward:
        return glyph
    return Glyph([each._replace(text=each.text.translate(_MIRRORED)) for each in glyph.cluster], True)
