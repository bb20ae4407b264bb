"""What the log says about settings that are allowed but probably not meant.

May import: `trainer.data`, `trainer.settings`.
"""
