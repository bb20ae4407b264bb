"""Labels of words: a linear head on the encoder's output for the first token of each word.

May import: `trainer.tasks` (`base`, `items`, `token_windows`), `trainer.model`, `schemas`.
"""
