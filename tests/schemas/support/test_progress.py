"""A progress line: what is done, the rate of this run, and the time left."""

from __future__ import annotations

import io

from schemas.support.progress import ProgressLine


def line_of(stream: io.StringIO, done: int = 0) -> ProgressLine:
    return ProgressLine("predicted", "items", total=100, done=done, stream=stream)


def test_the_line_shows_count_rate_and_time_left():
    progress = line_of(io.StringIO())
    progress.add(15)
    progress.add()
    assert progress.line(elapsed_s=8) == "predicted 16/100 items, 2.00 items/s, ETA 42s"


def test_items_of_an_earlier_run_do_not_count_for_the_rate():
    progress = line_of(io.StringIO(), done=80)
    progress.add(10)
    assert progress.line(elapsed_s=5) == "predicted 90/100 items, 2.00 items/s, ETA 5s"


def test_the_time_left_is_unknown_before_the_first_item():
    assert line_of(io.StringIO()).line(1.0) == "predicted 0/100 items, 0.00 items/s, ETA unknown"


def test_a_log_gets_whole_lines_and_a_terminal_one_line_in_place():
    log = io.StringIO()
    with line_of(log):
        pass
    assert log.getvalue().endswith("ETA unknown\n") and "\r" not in log.getvalue()

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    line_of(terminal).close()
    assert terminal.getvalue().startswith("\r\x1b[Kpredicted 0/100")
