"""DeepSpeed around the model: start, its config, AdamW and learning rates, and what surrounds a step's passes.

May import: `trainer.settings`, `trainer.tasks` (`base`, `sums`), `trainer.model`, `distributed`, `schemas`.
"""
