"""From corpora to batches of tensors: tables of pages, sample order, local copies of shards, and the loader.

May import: `trainer.settings`, `trainer.tasks.base`, `trainer.model`, `distributed`, `startup`, `schemas`.
"""
