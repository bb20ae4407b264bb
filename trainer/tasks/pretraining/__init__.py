"""The pretraining task of DocFormerv2: its objectives and their settings, its examples and its heads.

May import: `trainer.tasks.base`, `trainer.model`, `schemas`.
"""
