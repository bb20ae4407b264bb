"""The soft accuracy of VQA (Antol et al. 2015, section 3), as M4C computes it for TextVQA (`mmf`, m4c_evaluators)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

AGREE = 3  # other people who must give an answer for it to count fully
NUMBERS = {"none": "0", "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6"}
NUMBERS |= {"seven": "7", "eight": "8", "nine": "9", "ten": "10"}
ARTICLES = {"a", "an", "the"}
SIGNS = ';/[]"{}()=+\\_-><@`!'  # commas and question marks are gone before
_PERIOD = re.compile(r"\.(?!\d)")
# The contractions of the public VQA table that can occur in lower-cased text in which `'s` stands apart.
_CONTRACTIONS = """
ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't haven't he'd he'd've
he's how'd how'll how's isn't it'd it'd've it'll ma'am mightn't mightn't've might've mustn't must've needn't not've
o'clock oughtn't shan't she'd've should've shouldn't shouldn't've somebody'd've somebody'll somebody's someone'd
someone'd've someone'll someone's something'd something'd've something'll that's there'd there'd've there're there's
they'd they'd've they'll they're they've 'twas wasn't we'd've we've weren't what'll what're what's what've when's
where'd where's where've who'd who'd've who'll who's who've why'll why're why's won't would've wouldn't wouldn't've
y'all y'all'll y'all'd've you'd you'd've you'll you're you've
"""


def vqa_accuracy(prediction: str, answers: Sequence[str]) -> float:
    """Returns the accuracy of one question, 0..1: the mean over each answer left out of min(1, equal others / 3).

    Args:
        prediction: the predicted answer.
        answers: the answers of ten people. One answer of a data set without people is given ten times.
    """
    if not answers:
        return 0.0
    given = normal_answer(prediction)
    equal = [normal_answer(answer) == given for answer in answers]
    return sum(min(1.0, (sum(equal) - own) / AGREE) for own in equal) / len(equal)


def normal_answer(text: str) -> str:
    """Returns the form in which answers are compared: lower case, few signs, digits, no articles.

    The script of 2015 has not the first three steps of `mmf`: no commas, no question marks, `'s` apart.
    """
    text = text.lower().replace(",", "").replace("?", "").replace("'s", " 's")
    text = _without_signs(text.replace("\n", " ").replace("\t", " ").strip())
    words = (NUMBERS.get(word, word) for word in text.split())
    return " ".join(contraction_table().get(word, word) for word in words if word not in ARTICLES)


def _without_signs(text: str) -> str:
    """Returns a text without signs. A sign that stands beside a blank anywhere is deleted, another one is a blank."""
    cleaned = text
    for sign in SIGNS:
        beside_blank = f"{sign} " in text or f" {sign}" in text
        cleaned = cleaned.replace(sign, "" if beside_blank else " ")
    return _PERIOD.sub("", cleaned)


@lru_cache(maxsize=1)
def contraction_table() -> dict[str, str]:
    """Returns contractions by their forms with one apostrophe missing. The first two entries are irregular."""
    table = {"somebody'd": "somebodyd", "'ows'at": "'ow's'at"}
    for whole in _CONTRACTIONS.split():
        table |= {whole[:i] + whole[i + 1 :]: whole for i, sign in enumerate(whole) if sign == "'"}
    return table
