from __future__ import annotations

import io

from pipelines.progress import Progress
from schemas import PageStatus


def test_the_line_tells_pages_rate_failures_and_time_left():
    progress = Progress("built", "pages", total=100, done=20, stream=io.StringIO())
    for status in [PageStatus.OK] * 17 + [PageStatus.TIMEOUT] * 2 + [PageStatus.BLANK]:
        progress.update(status)
    assert progress.line(elapsed_s=10) == "built 40/100 pages, 2.00 pages/s, 3 not ok (2 timeout, 1 blank), ETA 30s"


def test_pages_of_an_earlier_run_do_not_count_into_the_rate():
    progress = Progress("built", "pages", total=100, done=90, stream=io.StringIO())
    progress.update(PageStatus.OK)
    assert "91/100 pages, 0.10 pages/s" in progress.line(elapsed_s=10)


def test_before_the_first_page_the_time_left_is_unknown():
    assert "ETA unknown" in Progress("built", "pages", 5, stream=io.StringIO()).line(1.0)


def test_a_log_gets_whole_lines():
    stream = io.StringIO()
    Progress("built", "pages", 1, stream=stream).close()
    assert stream.getvalue().endswith("\n") and "\r" not in stream.getvalue()
