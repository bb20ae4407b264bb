"""Progress lines of builds in this process and on other machines."""

from __future__ import annotations

import io
import logging

from pipelines.runtime.progress import OutputWatch, Progress
from schemas import PageStatus


def test_the_line_shows_pages_rate_failures_and_time_left():
    progress = Progress("built", "pages", total=100, done=20, stream=io.StringIO())
    for status in [PageStatus.OK] * 17 + [PageStatus.TIMEOUT] * 2 + [PageStatus.BLANK]:
        progress.update(status)
    assert progress.line(elapsed_s=10) == "built 40/100 pages, 2.00 pages/s, 3 not ok (2 timeout, 1 blank), ETA 30s"


def test_pages_of_an_earlier_run_do_not_count_for_the_rate():
    progress = Progress("built", "pages", total=100, done=90, stream=io.StringIO())
    progress.update(PageStatus.OK)
    assert "91/100 pages, 0.10 pages/s" in progress.line(elapsed_s=10)


def test_the_time_left_is_unknown_before_the_first_page():
    assert "ETA unknown" in Progress("built", "pages", 5, stream=io.StringIO()).line(1.0)


def test_a_log_gets_whole_lines():
    stream = io.StringIO()
    Progress("built", "pages", 1, stream=stream).close()
    assert stream.getvalue().endswith("\n") and "\r" not in stream.getvalue()


def test_work_on_other_machines_is_measured_by_its_output_files():
    with OutputWatch("built", "shards", missing=6, count=lambda: 2) as watch:
        assert watch.line(done=2, elapsed_s=10) == "built 2/8 shards, ETA unknown"
        assert watch.line(done=4, elapsed_s=10) == "built 4/8 shards, ETA 20s"


def test_a_failed_listing_does_not_stop_the_job(caplog):
    answers = [2]

    def count():
        if answers:
            return answers.pop()
        raise ConnectionResetError("reset by peer")

    with caplog.at_level(logging.INFO, "pipelines"), OutputWatch("built", "shards", 1, count):
        pass
    assert caplog.messages == ["built shards cannot be counted: reset by peer"]
