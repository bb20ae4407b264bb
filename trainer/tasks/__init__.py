"""Training tasks: the protocol of a task (`base`), the sums of its outcomes (`sums`), and one package per task.

May import: `trainer.model`, `schemas`. This package knows no settings, no training loop and no files.
"""
