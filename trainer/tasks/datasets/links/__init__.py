"""Data sets of linked entities, one module each: `trainer.tasks.links` links questions to answers.

May import: `trainer.tasks`, `trainer.model`, `schemas`.
"""
