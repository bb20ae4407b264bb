"""Tests of the types of command-line arguments, and of paths in the home directory with all commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.merge import main as merge
from pipelines.preview import main as preview
from pipelines.retokenize import main as retokenize
from pipelines.runtime.arguments import place
from pipelines.verify import main as verify


def test_a_place_in_the_home_directory_is_stored_as_an_absolute_path(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    assert place("~/pdfs/*.pdf") == "/home/ada/pdfs/*.pdf"
    assert place("gs://bucket/~/pdfs") == "gs://bucket/~/pdfs"
    assert place("a~b") == str(Path("a~b").absolute())


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        (verify, ["~/none"]),
        (preview, ["~/none"]),
        (merge, ["~/none", "~/other", "--output=~/new"]),
        (retokenize, ["~/none", "--tokenizer=t5", "--output=~/new"]),
    ],
    ids=["verify", "preview", "merge", "retokenize"],
)
def test_all_commands_look_for_a_corpus_in_the_home_directory(command, arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert command(arguments) == 2
    assert f"{tmp_path}/none" in capsys.readouterr().err
