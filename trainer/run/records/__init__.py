"""What a run records: its log, curves, settings, incidents, speed and profiles.

May import: `trainer.engine`, `trainer.settings`, `trainer.tasks`, `trainer.model`, `distributed`, `schemas`.
"""
