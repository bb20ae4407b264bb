"""`--text_source auto` reads a page by OCR if one of its fonts has a wrong character map."""

from __future__ import annotations

import string

import pytest

from pipelines.config import PageConfig
from pipelines.ocr.engine import load_engine
from pipelines.page.stopwatch import Stopwatch
from pipelines.sources.pdf import PdfSource
from tests.support.mapped_fonts import character_map, helvetica, one_page_of

BODY = [
    "The committee met on the first Monday of the month to review the budget",
    "and the plans for the new library building. Members agreed that the roof",
    "should be repaired before the winter and that the reading room needs light.",
]
LETTERS = string.ascii_letters
SHIFTED = {chr(code): chr(code - 29) for code in range(61, 123)} | {" ": "\\"}
SIGNS = {digit: chr(33 + int(digit)) for digit in string.digits} | {".": "+"}
CONSONANTS = dict(zip("bcdfghjklmnpqrstvwxz", "hjklmnpqrstvwxzbcdfg", strict=True))
OTHER_DIGITS = {digit: str((int(digit) + 3) % 10) for digit in string.digits}
ONLY_SPACES = dict.fromkeys(LETTERS, " ")
NOTHING_WRONG = {letter: letter for letter in LETTERS}
PRIVATE = {letter: chr(0xF000 + ord(letter)) for letter in LETTERS + string.digits}
PRIVATE_PLANE = {letter: chr(0xF0000 + ord(letter)) for letter in LETTERS + string.digits}


def exchanged(one: str, other: str) -> dict[str, str]:
    """Returns the map of a font in which two letters are exchanged."""
    pair = {one: other, other: one}
    return NOTHING_WRONG | pair | {key.upper(): value.upper() for key, value in pair.items()}


@pytest.fixture(scope="module")
def engine():
    return load_engine("paddleocr")


@pytest.fixture
def read(engine, tmp_path):
    """Returns a function that reads a page with a sound body font, and other rows in a font with the given map."""

    def run(
        rows: list[str],
        wrong: dict[str, str],
        *,
        in_body: bool = False,
        leading_pt: float = 20,
        weight: str = "-Bold",
        body_rows: list[str] = BODY,
    ):
        body, other = ("W", "F") if in_body else ("F", "W")
        shown = [*((other, row) for row in rows), *((body, row) for row in body_rows)]
        content = " ".join(
            f"BT /{font} 12 Tf 50 {640 - leading_pt * y} Td ({row}) Tj ET" for y, (font, row) in enumerate(shown)
        )
        fonts = {"F": helvetica(), "W": helvetica(50, weight)}
        (tmp_path / "page.pdf").write_bytes(one_page_of(content, fonts, {50: character_map(wrong)}))
        document = PdfSource().open(tmp_path / "page.pdf")
        return document.read(1, PageConfig(text_source="auto"), engine, Stopwatch())

    return run


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        pytest.param(["Report of the Harbour Office", "Income and Expenses"], SHIFTED, id="headings shifted"),
        pytest.param(["1034.50", "2617.93", "88120", "4711.05"], SIGNS, id="digits taken for signs"),
        pytest.param(["1034.50", "2617.93", "88120", "4711.05"], OTHER_DIGITS, id="digits taken for other digits"),
        pytest.param(["Summary of the quarterly results", "Treasurer"], CONSONANTS, id="consonants exchanged"),
        pytest.param(["Harbour Office"], PRIVATE, id="private use area"),
        pytest.param(["Harbour Office"], PRIVATE_PLANE, id="private use plane"),
        pytest.param(["12", "34", "56", "78"], OTHER_DIGITS, id="numbers of two digits"),
        pytest.param(["2", "3", "4", "7", "8"], OTHER_DIGITS, id="numbers of one digit"),
    ],
)
def test_a_page_with_one_wrong_font_is_read_by_ocr(read, rows, wrong):
    reading = read(rows, wrong)
    assert reading.text_source == "ocr"
    found = {word.text for word in reading.words}
    assert set(" ".join(rows).split()) & found and "committee" in found


@pytest.mark.parametrize("wrong", [SHIFTED, CONSONANTS, PRIVATE], ids=["shifted", "consonants", "private use area"])
def test_a_wrong_font_with_the_name_of_a_sound_one_is_found(read, wrong):
    assert read(["Report of the Harbour Office", "Income and Expenses"], wrong, weight="").text_source == "ocr"


@pytest.mark.parametrize("pair", ["ea", "nt", "ot", "rs", "bp", "il", "mn"])
@pytest.mark.parametrize("in_body", [False, True])
def test_two_letters_that_are_always_exchanged_are_found(read, pair, in_body):
    rows = [
        "Monthly Report about operations and absent tenants",
        "Property abroad, public transport, borrowed sports boats",
    ]
    body = [*BODY, "The public report about the property stops before the absent people bring back borrowed objects."]
    reading = read(["Ledger"] if in_body else rows, exchanged(*pair), in_body=in_body, body_rows=body)
    assert reading.text_source == "ocr"


@pytest.mark.parametrize("wrong", [CONSONANTS, ONLY_SPACES, SHIFTED], ids=["consonants", "spaces", "shifted"])
def test_a_page_whose_body_font_is_wrong_is_read_by_ocr(read, wrong):
    reading = read(["Annual Report"], wrong, in_body=True)
    assert reading.text_source == "ocr"
    assert "committee" in {word.text for word in reading.words}


@pytest.mark.parametrize(
    "rows",
    [
        ["Annual Report 2026", "Expenses"],
        ["1034.50", "2617.93"],
        ["WARNING", "x = 5"],
        ["2007__________", "Name:________"],
        ["12", "34", "56", "78"],
        ["2", "3", "4", "7", "8", "1", "0"],
        ["l1I O0 Il", "rn m cl d vv w", "S5 B8 Z2 6b"],
    ],
    ids=" ".join,
)
def test_a_page_whose_fonts_are_sound_is_read_by_its_text_layer(read, rows):
    assert read(rows, NOTHING_WRONG | {digit: digit for digit in string.digits}).text_source == "pdf"


def test_a_wrong_font_in_tightly_set_lines_is_found(read):
    reading = read(["Report of the", "Harbour Office", "and its Expenses"], SHIFTED, leading_pt=12.5)
    assert reading.text_source == "ocr"


CODE = ["MOVW R3 R12 LSR", "PSHB CMPB BNCHK", "TSTBR STMFD LDRSH", "BXLR MVNS SBCS"]
NAMES = ["Krzysztof Brzydkr", "Wldzmrz Strzlczk", "Grzgrz Brzczszczkwcz", "Szczpn Zbgnw", "Brtsch Schrzwtz"]


@pytest.mark.parametrize("rows", [CODE * 2, NAMES * 2], ids=["code", "names"])
def test_text_with_few_vowels_is_read_by_its_layer_if_the_page_shows_it(read, rows):
    assert read(rows, NOTHING_WRONG | {digit: digit for digit in string.digits}, body_rows=[]).text_source == "pdf"


def test_text_with_few_vowels_is_read_by_ocr_if_the_page_shows_other_text(read):
    shown = [row.translate(str.maketrans("bcdfgklmnprst", "aeioueioaeiou")) for row in NAMES * 2]
    wrong = NOTHING_WRONG | dict(zip("aeiou", "bdgmt", strict=True))
    assert read(shown, wrong, body_rows=[]).text_source == "ocr"
