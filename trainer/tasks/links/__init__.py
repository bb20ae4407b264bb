"""Links from questions to answers of forms: a head on the encoder's output scores each pair of given entities.

May import: `trainer.tasks` (`base`, `items`, `token_windows`, `metrics`), `trainer.model`, `schemas`.
"""
