"""A run around its training loop: checks before the start, records, evaluation, checkpoints, stop and end.

May import: every other folder of `trainer`. Only the commands import it.
"""
