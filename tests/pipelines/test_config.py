"""The settings of a build and their fingerprint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pipelines.build.failure_limit import FAILURES
from pipelines.config import BuildConfig, PageConfig, differences
from pipelines.filters import FILTERS
from pipelines.report.failures import MEANINGS
from schemas import PageStatus


@dataclass(frozen=True)
class MaxWords:
    """A filter that older corpora do not know."""

    name: ClassVar[str] = "max_words"
    status: ClassVar[PageStatus] = PageStatus.TOO_LARGE
    meaning: ClassVar[str] = "has too many words"

    value: int = 100_000

    def setting(self) -> int:
        return self.value

    def reason(self, page) -> str:
        return ""


def settings_with(*more) -> dict:
    page = PageConfig(filters=(*(kind() for kind in FILTERS), *more))
    return BuildConfig(("in",), "out", page=page).corpus_settings()


def test_a_new_filter_at_its_default_does_not_change_the_settings_of_a_corpus():
    assert settings_with(MaxWords()) == settings_with()
    assert differences(settings_with(), settings_with(MaxWords(10))) == ["max_words: None -> 10"]


def test_the_settings_of_the_first_filters_are_always_stored():
    assert (settings_with()["min_words"], settings_with()["languages"]) == (1, [])


def test_pages_that_a_filter_leaves_out_are_not_failures_and_are_explained():
    for kind in FILTERS:
        assert kind.status not in FAILURES
        assert MEANINGS[kind.status.value] == kind.meaning
