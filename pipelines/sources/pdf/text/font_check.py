"""Finds fonts whose character map is wrong: the OCR engine reads other characters than the text layer holds.

A wrong map can turn letters into other letters and digits into signs. The text then looks like text, but the page shows
something else. A few words per font are enough to see it, because the fault is in the font and not in the word.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence, Set
from enum import Enum
from itertools import islice
from statistics import median

import numpy as np

from pipelines.ocr.engine import OcrEngine
from pipelines.sources.pdf.text.comparison import Compared, compared, core, readable
from pipelines.sources.pdf.text.text_layer import LayerWord

MAX_FONTS, MAX_FAMILIAR = 6, 2  # fonts that are checked: doubtful ones, and those with the words of a language
PAGE_WORDS, MAX_WORDS, MIN_WORDS = 12, 6, 2  # words that are read: of the page, and of a font if it has as many
MIN_LENGTH = 3  # characters of a word
MAX_COMPARABLE, ENOUGH = 60, 2  # words to choose from; how often a letter is read
MAX_NUMBERS = 6  # numbers of a font that writes only numbers with fewer characters
# A font whose words are familiar, as number and as share of its words, needs no check.
MIN_FAMILIAR, MIN_FAMILIAR_SHARE = 3, 0.2
# The most frequent words of the languages in Latin script that have the most documents.
_COMMON = (
    "the of and to in is for that on with by as at from are this be or an was not it "  # English
    "der die und den von das mit ist des auf für im dem nicht ein eine zu sich "  # German
    "de la le les et des en du une est pour dans par sur au que "  # French
    "el los las por con del para una se al es "  # Spanish
    "il di che per un del della non sono nel da con "  # Italian
    "do da os um uma não em no na dos ao "  # Portuguese
    "het een van voor met zijn op aan niet dat "  # Dutch
    "nie się jest na że dla od przez oraz jak "  # Polish
    "och att det som på av är den till med för "  # Swedish
    "og er af på til som ikke jeg har "  # Danish, Norwegian
    "ja on ei että oli se mutta ovat "  # Finnish
    "az egy hogy nem és ez meg "  # Hungarian
    "je se že na ve pro jako který "  # Czech, Slovak, Croatian
    "ve bir bu için ile olarak da "  # Turkish
    "și în cu care este pe din nu "  # Romanian
    "yang dan di untuk dengan dari ini dalam "  # Indonesian, Malay
    "và của là có trong được cho không"  # Vietnamese
)
COMMON_WORDS = frozenset(_COMMON.split())
# Share of the characters that must agree: of two words or more, and of a single one. If only the vowels are right, half
# of them agree.
MIN_RATIO, MIN_RATIO_ALONE = 0.65, 0.4
# Characters that the engine confuses. One of them in place of another one of the same group proves
# nothing, unless the other one is also read as this one.
_ALIKE = "0oqdc 1il|jtfr 2z 5sf 6bgh 9gqy 8b3 uvy nhm ec vw"
MIN_EXCHANGED = 3  # characters that are always another one, in two words or both ways
CONFIRMING, MIN_CONFIRMED_RATIO = 4, 0.8  # words that show that a layer is right, and the ratio of most of them
MIN_NUMBERS = 3  # short numbers of which no digit is the one that the engine reads
_UNMAPPED = re.compile(r"[\ufffd\ue000-\uf8e4\uf8ff\U000f0000-\U0010fffd]")  # without the parts of brackets


class Kind(Enum):
    """What the words of a group consist of."""

    LETTERS = "letters"
    DIGITS = "digits"
    SIGNS = "signs"
    UNMAPPED = "unmapped"  # characters of the private use area, or none


Group = tuple[str, Kind]
"""What is judged together: the words of one font and kind."""


def wrong_font(words: Sequence[LayerWord], image: np.ndarray, engine: OcrEngine) -> str:
    """Returns the name of a font whose words read differently on the page, or an empty string.

    Args:
        words: the words of the text layer, boxes in pixels of `image`.
        image: `(height, width, 3)` uint8 RGB.
        engine: reads the words.
    """
    chosen = [found for texts in _candidates(words, engine.alphabet) for found in texts]
    groups: dict[Group, list[Compared]] = defaultdict(list)
    for each in compared(chosen, image, engine):
        groups[_group(each.found)].append(each)
    return next((group[0] for group, found in groups.items() if _are_wrong(found, group[1])), "")


def is_confirmed(words: Sequence[LayerWord], image: np.ndarray, engine: OcrEngine) -> bool:
    """Returns whether the engine reads most words as the text layer has them, although they seem to be no words.

    Args:
        words: the words of the text layer, boxes in pixels of `image`.
        image: `(height, width, 3)` uint8 RGB.
        engine: reads the words.
    """
    boxes = np.array([found.word.box for found in words]).reshape(-1, 4)
    letters = [found for found in words if _group(found)[1] is Kind.LETTERS]
    chosen = list(islice(readable(letters, boxes, MIN_LENGTH, engine.alphabet), 2 * CONFIRMING))
    ratios = [each.ratio for each in compared(chosen, image, engine)]
    return len(ratios) >= CONFIRMING and median(ratios) >= MIN_CONFIRMED_RATIO


def _are_wrong(found: list[Compared], kind: Kind) -> bool:
    """Returns whether the words of a font are wrong. A single word of signs, such as a rule of %, proves nothing."""
    proofs = [each for each in found if sum(map(str.isalnum, each.read)) >= MIN_LENGTH]
    if kind is Kind.UNMAPPED:
        return bool(proofs)
    if _are_exchanged(found) or _are_other_numbers(found):
        return True
    if len(proofs) > 1:
        return max(each.ratio for each in proofs) < MIN_RATIO
    return kind is not Kind.SIGNS and any(each.ratio < MIN_RATIO_ALONE for each in proofs)


def _are_exchanged(found: list[Compared]) -> bool:
    """Returns whether some characters are always read as another one, such as e as a in all words."""
    read: dict[str, Counter[str]] = defaultdict(Counter)
    in_words: Counter[str] = Counter()
    for each in found:
        pairs = list(each.pairs())
        for layer, seen in pairs:
            read[layer][seen] += 1
        in_words.update({layer for layer, seen in pairs if layer != seen})
    always = {layer: seen.most_common(1)[0] for layer, seen in read.items() if len(seen) == 1}
    exchanged = 0
    for layer, (other, count) in always.items():
        is_mutual = always.get(other, ("", 0))[0] == layer
        if other != layer and (is_mutual or (in_words[layer] > 1 and not _are_alike(layer, other))):
            exchanged += count
    return exchanged >= MIN_EXCHANGED


def _are_other_numbers(found: list[Compared]) -> bool:
    """Returns whether several numbers are other ones on the page, digit by digit."""
    numbers = [list(each.pairs()) for each in found if (each.found.word.text + each.read).isdecimal()]
    pairs = [pair for number in numbers for pair in number]
    return sum(map(bool, numbers)) >= MIN_NUMBERS and all(layer != seen for layer, seen in pairs)


def _are_alike(one: str, other: str) -> bool:
    return any(one in group and other in group for group in _ALIKE.split())


def _group(found: LayerWord) -> Group:
    text = found.word.text
    if 2 * len(_UNMAPPED.findall(text)) > len(text):
        kind = Kind.UNMAPPED
    elif any(map(str.isalpha, text)):
        kind = Kind.LETTERS
    else:
        kind = Kind.DIGITS if any(map(str.isdigit, text)) else Kind.SIGNS
    return found.font, kind


def _candidates(words: Sequence[LayerWord], alphabet: Set[str]) -> Iterator[list[LayerWord]]:
    """Yields the words to read of each font that is checked.

    Words with other characters than those of the alphabet are not read.
    """
    groups: dict[Group, list[LayerWord]] = defaultdict(list)
    for found in words:
        groups[_group(found)].append(found)
    boxes = np.array([found.word.box for found in words]).reshape(-1, 4)
    by_size = sorted(groups.values(), key=len, reverse=True)
    doubtful = _without_known_language(by_size)
    familiar = (group for group in by_size if not any(group is other for other in doubtful))
    checked = doubtful[:MAX_FONTS] + list(islice(familiar, MAX_FAMILIAR))
    for group in checked:
        yield _chosen(group, boxes, alphabet, min(MAX_WORDS, max(MIN_WORDS, PAGE_WORDS // len(checked))))


def _chosen(group: list[LayerWord], boxes: np.ndarray, alphabet: Set[str], count: int) -> list[LayerWord]:
    """Returns words of a group that prove much: long ones, with letters that its common words do not prove."""
    kind = _group(group[0])[1]
    if kind is not Kind.LETTERS:
        known = frozenset() if kind is Kind.UNMAPPED else alphabet
        chosen = list(islice(readable(group, boxes, MIN_LENGTH, known), count))
        if chosen or kind is not Kind.DIGITS:
            return chosen
        return list(islice(readable(group, boxes, 1, known), MAX_NUMBERS))
    left = list(islice(readable(group, boxes, MIN_LENGTH, alphabet), MAX_COMPARABLE))
    texts = {core(found.word.text).lower() for found in group}
    seen = Counter(letter for text in texts & COMMON_WORDS for letter in text * ENOUGH)
    chosen = []
    while left and len(chosen) < count:
        best = max(left, key=lambda found: sum(seen[letter] < ENOUGH for letter in set(found.word.text.lower())))
        left.remove(best)
        chosen.append(best)
        seen.update(set(best.word.text.lower()))
    return chosen


def _without_known_language(groups: list[list[LayerWord]]) -> list[list[LayerWord]]:
    """Returns the groups of words that do not use the words of a language, the one with the most words first.

    A wrong map leaves neither the common words of a language nor words that another font of the page holds too.
    """
    known = set(COMMON_WORDS)
    doubtful = []
    for group in groups:
        texts = [core(found.word.text).lower() for found in group]
        familiar = sum(text in known for text in texts if len(text) > 1)
        if familiar >= max(MIN_FAMILIAR, MIN_FAMILIAR_SHARE * len(texts)):
            known.update(texts)
        else:
            doubtful.append(group)
    return doubtful
