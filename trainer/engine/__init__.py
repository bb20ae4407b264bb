"""DeepSpeed around the model: its start and config, AdamW, learning rates, and the work around one optimizer step.

May import: `trainer.settings`, `trainer.tasks` (`base`, `sums`), `trainer.model`, `distributed`, `schemas`.
"""
