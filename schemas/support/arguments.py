"""Argument types for argparse. Each one rejects a wrong value with a message that says what is wrong."""

from __future__ import annotations

import argparse
import math

DAY_S = 86_400


def positive(text: str) -> int:
    """Returns a whole number of 1 or more.

    Raises:
        argparse.ArgumentTypeError: the text is anything else.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return int(text)


def not_negative(text: str) -> int:
    """Returns a whole number of 0 or more.

    Raises:
        argparse.ArgumentTypeError: the text is anything else.
    """
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is neither 0 nor a positive number")
    return int(text)


def two_or_more(text: str) -> int:
    """Returns a whole number of 2 or more.

    Raises:
        argparse.ArgumentTypeError: the text is anything else.
    """
    if not text.isdecimal() or int(text) < 2:
        raise argparse.ArgumentTypeError(f"{text} is not a number of 2 or more: one page is not enough for an estimate")
    return int(text)


def price(text: str) -> float:
    """Returns a price in dollars, 0 or more.

    Raises:
        argparse.ArgumentTypeError: the text is anything else.
    """
    return _within(text, 0, math.inf, "is not a price in dollars", upper_is_allowed=False)


def seconds(text: str) -> float:
    """Returns a number of seconds above 0 and at most one day.

    Raises:
        argparse.ArgumentTypeError: the text is anything else.
    """
    problem = f"is not a number of seconds between 0 and {DAY_S}"
    return _within(text, math.ulp(0.0), DAY_S, problem)


def share(text: str) -> float:
    """Returns a share between 0 and 1, both included.

    Raises:
        argparse.ArgumentTypeError: the text is anything else.
    """
    return _within(text, 0, 1, "is not a share between 0 and 1")


def percent(text: str) -> int:
    """Returns a whole number from 1 to 100.

    Raises:
        argparse.ArgumentTypeError: the text is anything else.
    """
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 to 100")
    return int(text)


def _within(text: str, lower: float, upper: float, problem: str, upper_is_allowed: bool = True) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (lower <= value < upper or (upper_is_allowed and value == upper)):
        raise argparse.ArgumentTypeError(f"{text} {problem}")
    return value
