"""`--max_failed_share`: how many failures stop a run."""

from __future__ import annotations

import pytest

from pipelines.build.failure_limit import FAILED_IN_A_ROW, FailureStreak, check_failed_share
from schemas import FolioError, PageStatus


def check(counts, share=0.5):
    check_failed_share(counts, share, "pages", "Fix it.")


def test_too_many_failures_stop_the_run_with_the_reasons_and_the_advice():
    with pytest.raises(FolioError) as stopped:
        check({"ok": 40, "corrupt": 30, "timeout": 20})
    assert str(stopped.value) == (
        "50 of 90 pages failed (30 corrupt, 20 timeout), more than --max_failed_share 0.5 allows. "
        "Fix it. To accept the failures, add --max_failed_share 1."
    )


@pytest.mark.parametrize(
    "counts",
    [
        pytest.param({"ok": 50, "corrupt": 50}, id="as many as allowed"),
        pytest.param(
            {"blank": 50, "placeholder": 50, "too_few_words": 50, "duplicate": 50}, id="sound pages without a sample"
        ),
        pytest.param({"corrupt": 19}, id="fewer than the minimum number of failures"),
        pytest.param({}, id="no items"),
    ],
)
def test_a_run_with_few_failures_continues(counts):
    check(counts)


def test_the_share_can_be_set():
    check({"corrupt": 100}, share=1.0)
    with pytest.raises(FolioError, match=r"--max_failed_share 0\.05"):
        check({"ok": 300, "crashed": 30}, share=0.05)


def test_a_long_row_of_failures_stops_a_worker():
    streak = FailureStreak(0.5)
    with pytest.raises(FolioError, match=rf"{FAILED_IN_A_ROW} pages in a row failed \({FAILED_IN_A_ROW} crashed\)"):
        for _ in range(FAILED_IN_A_ROW):
            streak.add(PageStatus.CRASHED)


def test_a_sound_page_ends_the_row_and_a_share_of_1_allows_all_failures():
    streak = FailureStreak(0.5)
    for number in range(3 * FAILED_IN_A_ROW):
        streak.add(PageStatus.BLANK if number % (FAILED_IN_A_ROW - 1) == 0 else PageStatus.CRASHED)
    endless = FailureStreak(1.0)
    for _ in range(2 * FAILED_IN_A_ROW):
        endless.add(PageStatus.CRASHED)
