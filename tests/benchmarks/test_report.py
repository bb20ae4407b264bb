"""A benchmark replaces the table in its results file and does not change the text around the table."""

from __future__ import annotations

import argparse

import pytest

from benchmarks.report import BEGIN, END, add_table_flag, publish


def test_a_new_table_replaces_only_the_text_between_the_markers(tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n\n{BEGIN}\n\n| old |\n\n{END}\n\nThe text.\n")
    publish("| new |\n", page)
    assert page.read_text() == f"# Title\n\n{BEGIN}\n\n| new |\n\n{END}\n\nThe text.\n"
    assert "| new |" in capsys.readouterr().out


def test_a_new_file_gets_markers_and_can_be_written_again(tmp_path):
    page = tmp_path / "results" / "new.md"
    publish("| first |", page)
    publish("| second |", page)
    assert page.read_text() == f"{BEGIN}\n\n| second |\n\n{END}\n"


def test_without_a_file_a_table_is_only_printed(capsys):
    publish("| table |", None)
    assert capsys.readouterr().out == "| table |\n"


@pytest.mark.parametrize("text", ["no marker\n", f"{BEGIN}\n", f"{END}\n{BEGIN}\n"])
def test_a_file_without_both_markers_is_refused_by_the_argument_parser(tmp_path, capsys, text):
    page = tmp_path / "page.md"
    page.write_text(text)
    parser = argparse.ArgumentParser()
    add_table_flag(parser)
    with pytest.raises(SystemExit) as stopped:
        parser.parse_args(["--table", str(page)])
    assert stopped.value.code == 2
    assert "page.md needs the line" in capsys.readouterr().err
    assert page.read_text() == text
