"""Settings in parts that training commands share, the settings of each command, and the command line that makes them.

May import: `trainer.tasks`, `trainer.model` (the sections that they define), `trainer.startup`, `schemas`.
"""
