"""Stops a run in which too many documents or pages fail (`--max_failed_share`)."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.filters import FILTERS
from pipelines.runtime.wording import format_statuses
from schemas import FolioError, PageStatus

# These statuses describe sound pages. They are not failures.
_SOUND = {PageStatus.BLANK, PageStatus.PLACEHOLDER, PageStatus.DUPLICATE, PageStatus.EXCLUDED}
_FINDINGS = {*_SOUND, *(kind.status for kind in FILTERS)}
FAILURES = frozenset(PageStatus) - {PageStatus.OK, *_FINDINGS}
MIN_FAILED = 20  # fewer failures never stop a run: a person can look at each of them
# Units are mixed from ranges of 16 pages, so this many pages come from 30 documents or more. If half of all documents
# failed independently of each other, such a streak would occur once in a billion.
FAILED_IN_A_ROW = 500


def check_failed_share(counts: Mapping[str, int], max_failed_share: float, what: str, advice: str) -> None:
    """Raises an error if at least `MIN_FAILED` items and more than `max_failed_share` of all items failed.

    Args:
        counts: number of items by status.
        max_failed_share: share of the items, 0..1.
        what: name of the items, in the plural.
        advice: what the user can do, other than raising the limit.

    Raises:
        FolioError: too many items failed; the message counts them by reason.
    """
    reasons = {name: count for name, count in counts.items() if PageStatus(name) in FAILURES}
    failed, total = sum(reasons.values()), sum(counts.values())
    if failed >= MIN_FAILED and failed > max_failed_share * total:
        raise FolioError(
            f"{failed} of {total} {what} failed ({format_statuses(reasons)}), more than --max_failed_share "
            f"{max_failed_share:g} allows. {advice} To accept the failures, add --max_failed_share 1."
        )


class FailureStreak:
    """Stops a worker early if all of its pages fail, before it has tried all of the input."""

    def __init__(self, max_failed_share: float) -> None:
        self._allowed = max_failed_share >= 1
        self._counts: dict[str, int] = {}

    def add(self, status: PageStatus) -> None:
        """Counts the next page.

        Raises:
            FolioError: the last `FAILED_IN_A_ROW` pages all failed.
        """
        if status not in FAILURES:
            self._counts.clear()
            return
        self._counts[status.value] = self._counts.get(status.value, 0) + 1
        if not self._allowed and sum(self._counts.values()) >= FAILED_IN_A_ROW:
            raise FolioError(
                f"{FAILED_IN_A_ROW} pages in a row failed ({format_statuses(self._counts)}). Finished shards are kept. "
                "Fix the cause and run the same command again. To accept the failures, add --max_failed_share 1."
            )
