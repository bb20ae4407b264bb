"""Finds fonts whose character map is wrong: the OCR engine reads other characters than the text layer holds.

A wrong map can turn letters into other letters and digits into signs. The text then looks like text, but the page shows
something else. A few words per font are enough to see it, because the fault is in the font and not in the word.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence, Set
from difflib import SequenceMatcher
from itertools import islice

import numpy as np

from pipelines.lines.words import RawWord
from pipelines.ocr.engine import OcrEngine
from pipelines.page.normal_form import normal_form
from pipelines.sources.pdf.text.text_layer import LayerWord

LETTERS, DIGITS, SIGNS = "letters", "digits", "signs"
MAX_FONTS, MAX_WORDS, MIN_WORDS = 6, 6, 2  # of the page, of the page together, and of a font if it has as many
BEST_LENGTH, MIN_LENGTH, MAX_LENGTH = 8, 3, 40  # characters; shorter words prove little, longer ones cost more
MIN_HEIGHT_PX = 11.0  # of a word's box; smaller print is often misread
MAX_OVERLAP, MIDDLE = 0.1, 0.3  # of the middle of a word that another word may cover; what is not the middle
MIN_SCORE = 0.8  # the engine must be sure of what it reads
# A font whose words are familiar, as number and as share of its words, needs no check.
MIN_FAMILIAR, MIN_FAMILIAR_SHARE = 3, 0.1
PUNCTUATION = ".,;:!?()[]\"'“”‘’«»"
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


def wrong_font(words: Sequence[LayerWord], image: np.ndarray, engine: OcrEngine) -> str:
    """Returns the name of a font whose words read differently on the page, or an empty string.

    Args:
        words: the words of the text layer, boxes in pixels of `image`.
        image: `(height, width, 3)` uint8 RGB.
        engine: reads the words.
    """
    chosen = [found for texts in _candidates(words, engine.alphabet) for found in texts]
    boxes = np.array([found.word.box for found in chosen]).reshape(-1, 4)
    ratios: dict[tuple[str, str], list[float]] = {}
    for found, (text, score) in zip(chosen, engine.read_boxes(image, boxes), strict=True):
        if score >= MIN_SCORE and sum(map(str.isalnum, text)) >= MIN_LENGTH:
            ratios.setdefault(_kind(found), []).append(_ratio(found.word.text, text))
    return next((kind[0] for kind, found in ratios.items() if _are_wrong(found, kind)), "")


def _are_wrong(ratios: list[float], kind: tuple[str, str]) -> bool:
    """Returns whether the words of a font are wrong. A single word of signs, such as a rule of %, proves nothing."""
    if len(ratios) > 1:
        return max(ratios) < MIN_RATIO
    return kind[1] != SIGNS and max(ratios) < MIN_RATIO_ALONE


def _kind(found: LayerWord) -> tuple[str, str]:
    """Returns what is judged together: a font, and whether its words have letters, digits or only signs."""
    text = found.word.text
    return found.font, LETTERS if any(map(str.isalpha, text)) else DIGITS if any(map(str.isdigit, text)) else SIGNS


def _candidates(words: Sequence[LayerWord], alphabet: Set[str]) -> Iterator[list[LayerWord]]:
    """Yields the words to read of each font: different texts of a length that is quickly read, with a free place.

    Words with other characters than those of the alphabet are not read.
    """
    kinds: dict[tuple[str, str], list[LayerWord]] = {}
    for found in words:
        kinds.setdefault(_kind(found), []).append(found)
    boxes = np.array([found.word.box for found in words]).reshape(-1, 4)
    doubtful = _without_known_language(sorted(kinds.values(), key=len, reverse=True))[:MAX_FONTS]
    for group in doubtful:
        texts = {found.word.text: found for found in reversed(group) if _is_fit(found.word, alphabet)}
        by_length = sorted(texts.values(), key=lambda found: abs(BEST_LENGTH - len(found.word.text)))
        count = max(MIN_WORDS, MAX_WORDS // len(doubtful))
        yield list(islice((found for found in by_length if _is_free(found, boxes)), count))


def _without_known_language(groups: list[list[LayerWord]]) -> list[list[LayerWord]]:
    """Returns the groups of words that do not use the words of a language, the one with the most words first.

    A wrong map leaves neither the common words of a language nor words that another font of the page holds too.
    """
    known = set(COMMON_WORDS)
    doubtful = []
    for group in groups:
        texts = [normal_form(found.word.text).strip(PUNCTUATION).lower() for found in group]
        familiar = sum(text in known for text in texts if len(text) > 1)
        if familiar >= max(MIN_FAMILIAR, MIN_FAMILIAR_SHARE * len(texts)):
            known.update(texts)
        else:
            doubtful.append(group)
    return doubtful


def _is_fit(word: RawWord, alphabet: Set[str]) -> bool:
    """Returns whether the engine can read a word quickly and well."""
    text = normal_form(word.text)
    core = text.strip(PUNCTUATION) or text  # (i) is a single letter, but a number that became "#$% has only these
    has_size = len(core) >= MIN_LENGTH and len(text) <= MAX_LENGTH and word.y1 - word.y0 >= MIN_HEIGHT_PX
    return word.angle_deg == 0 and has_size and set(text) <= alphabet


def _is_free(found: LayerWord, boxes: np.ndarray) -> bool:
    """Returns whether no other word covers the middle of a word. The boxes `(n, 4)` include the word's own.

    Above and below the middle, the boxes of tightly set lines overlap.
    """
    box = np.array(found.word.box)
    box[1], box[3] = box[1] + MIDDLE * (box[3] - box[1]), box[3] - MIDDLE * (box[3] - box[1])
    sides = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    covered = sides.clip(0).prod(axis=1) > MAX_OVERLAP * (box[2:] - box[:2]).prod()
    return int(covered.sum()) <= 1


def _ratio(text: str, other: str) -> float:
    """Returns the share of the characters of two texts that agree, without regard to case and accents.

    If the first text has letters or digits, only these count: a rule of underscores is read as nothing, or as more.
    """
    plain, other_plain = _plain(text), _plain(other)
    if any(map(str.isalnum, plain)):
        plain, other_plain = ("".join(filter(str.isalnum, side)) for side in (plain, other_plain))
    return SequenceMatcher(None, plain, other_plain, autojunk=False).ratio()


def _plain(text: str) -> str:
    return "".join(
        character
        for character in unicodedata.normalize("NFKD", text).casefold()
        if not unicodedata.combining(character) and not character.isspace()
    )
