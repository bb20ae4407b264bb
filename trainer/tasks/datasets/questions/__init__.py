"""Data sets of questions, one module each: `trainer.tasks.answers` answers them by generation.

`own` reads your own questions; `rows` and the modules above this folder hold what the data sets have in common.

May import: `trainer.tasks`, `schemas`.
"""
