"""Data sets for fine-tuning: one module per data set, which reads its official layout and names its task and metric.

`questions` are answered by generation, in `labels` words are labelled, `fields` are asked for by their names, `tables`
are CSV files that are drawn as pages.

May import: `trainer.tasks`, `trainer.model`, `schemas`.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pkgutil import walk_packages

from schemas import UsageError
from trainer.tasks.items import DataSet


@lru_cache(maxsize=1)
def data_sets() -> dict[str, DataSet]:
    """Returns all data sets by name. A module of this folder that defines `DATA_SET` is found automatically."""
    modules = (import_module(module.name) for module in walk_packages(__path__, f"{__name__}."))
    found = [module.DATA_SET for module in modules if hasattr(module, "DATA_SET")]
    return {data_set.name: data_set for data_set in found}


def data_set_named(name: str) -> DataSet:
    """Returns the data set of `--task`.

    Raises:
        UsageError: there is no such data set.
    """
    if name not in data_sets():
        raise UsageError(f"--task {name}: choose one of {', '.join(sorted(data_sets()))}")
    return data_sets()[name]
