"""What a program says where an import fails."""

from __future__ import annotations

import importlib

import pytest

from trainer.startup import needs_extra


def test_a_package_that_is_not_installed_is_named_with_the_line_that_installs_it(capsys):
    with pytest.raises(SystemExit) as left, needs_extra("train"):
        importlib.import_module("no_such_package")
    assert left.value.code == 2
    assert capsys.readouterr().err == (
        "error: no_such_package is not installed: pip install '.[train]' in Folio's folder\n"
    )


@pytest.mark.parametrize("name", ["schemas.gone", "pipelines.gone", "trainer.gone"])
def test_a_module_of_our_own_that_is_missing_is_not_blamed_on_the_extra(name, capsys):
    with pytest.raises(ModuleNotFoundError, match=name), needs_extra("train"):
        importlib.import_module(name)
    assert capsys.readouterr().err == ""
