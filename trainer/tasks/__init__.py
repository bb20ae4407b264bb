"""What the model is trained on: the protocol of a task (`base`), sums of its outcomes, and one module for each task.

May import: `trainer.model`, `schemas`. It knows no settings, no loop and no files.
"""
