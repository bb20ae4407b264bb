"""Questions about pages, answered by the decoder.

May import: `trainer.tasks` (`base`, `items`, `token_windows`, `metrics`), `trainer.model`, `schemas`.
"""
