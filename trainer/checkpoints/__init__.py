"""Checkpoints of a run: saved atomically, loaded onto any number of ranks, and copied to remote storage.

May import: `trainer.data.remote`, `trainer.settings`, `distributed`, `startup`, `schemas`.
"""
