"""Data sets of labelled words, one module each: `trainer.tasks.labels` labels the words of a page.

May import: `trainer.tasks`, `trainer.model`, `schemas`.
"""
