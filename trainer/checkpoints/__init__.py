"""Checkpoints of a run: written whole or not at all, loaded onto any number of ranks, copied elsewhere.

May import: `trainer.data.remote`, `trainer.settings`, `distributed`, `startup`, `schemas`.
"""
