"""Data sets of fields, one module each: every key of a document is asked for by a question of its own.

May import: `trainer.tasks`, `schemas`.
"""
