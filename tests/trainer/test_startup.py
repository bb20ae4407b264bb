"""Tests of the message for a missing package."""

from __future__ import annotations

import importlib

import pytest

from trainer.startup import needs_extra


def test_a_missing_package_is_reported_with_the_command_that_installs_it(capsys):
    with pytest.raises(SystemExit) as exited, needs_extra("train"):
        importlib.import_module("no_such_package")
    assert exited.value.code == 2
    assert capsys.readouterr().err == (
        "error: no_such_package is not installed: pip install '.[train]' in Folio's folder\n"
    )


@pytest.mark.parametrize("name", ["schemas.gone", "pipelines.gone", "trainer.gone"])
def test_a_missing_module_of_folio_itself_is_not_reported_as_a_missing_extra(name, capsys):
    with pytest.raises(ModuleNotFoundError, match=name), needs_extra("train"):
        importlib.import_module(name)
    assert capsys.readouterr().err == ""
