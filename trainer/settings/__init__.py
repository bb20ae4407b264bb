"""Settings: parts that all training commands share, the settings of each command, and the command line.

May import: `trainer.tasks`, `trainer.model` (the sections that they define), `trainer.startup`, `schemas`.
"""
