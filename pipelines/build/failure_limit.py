"""When a run in which too much fails must stop, rather than end as if all were well (`--max_failed_share`)."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.runtime.wording import format_statuses
from schemas import FolioError, PageStatus

# What is found out about sound pages is no failure.
_FINDINGS = {PageStatus.BLANK, PageStatus.TOO_FEW_WORDS, PageStatus.OTHER_LANGUAGE, PageStatus.DUPLICATE}
FAILURES = frozenset(PageStatus) - {PageStatus.OK, *_FINDINGS}
MIN_FAILED = 20  # fewer are looked at one by one, whatever their share
# Units are mixed from ranges of 16 pages, so this many are 30 documents or more: half of all failing by chance would
# bring such a run once in a billion.
FAILED_IN_A_ROW = 500


def check_failed_share(counts: Mapping[str, int], max_failed_share: float, what: str, cure: str) -> None:
    """Stops the run where more than `max_failed_share` of the items failed, and at least `MIN_FAILED`.

    Args:
        counts: items of each status.
        what: the items' name, in the plural.
        cure: what to do, but for raising the limit.

    Raises:
        FolioError: too many failed; it counts the reasons.
    """
    reasons = {name: count for name, count in counts.items() if PageStatus(name) in FAILURES}
    failed, total = sum(reasons.values()), sum(counts.values())
    if failed >= MIN_FAILED and failed > max_failed_share * total:
        raise FolioError(
            f"{failed} of {total} {what} failed ({format_statuses(reasons)}), more than --max_failed_share "
            f"{max_failed_share:g} allows. {cure} To go on as it is: the same command with --max_failed_share 1."
        )


class FailureStreak:
    """Stops a worker whose pages all fail, one after the other, long before all of the input is spent on it."""

    def __init__(self, max_failed_share: float) -> None:
        self._allowed = max_failed_share >= 1
        self._counts: dict[str, int] = {}

    def add(self, status: PageStatus) -> None:
        """Takes note of the next page.

        Raises:
            FolioError: `FAILED_IN_A_ROW` pages failed and none between them did not.
        """
        if status not in FAILURES:
            self._counts.clear()
            return
        self._counts[status.value] = self._counts.get(status.value, 0) + 1
        if not self._allowed and sum(self._counts.values()) >= FAILED_IN_A_ROW:
            raise FolioError(
                f"{FAILED_IN_A_ROW} pages in a row failed ({format_statuses(self._counts)}). Finished shards are kept; "
                "mend the cause and run the same command again. To go on as it is: add --max_failed_share 1."
            )
