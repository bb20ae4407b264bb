"""From corpora to batches of tensors: which pages there are, their order, their shards as local files, the loader.

May import: `trainer.settings`, `trainer.tasks.base`, `trainer.model`, `distributed`, `startup`, `schemas`.
"""
