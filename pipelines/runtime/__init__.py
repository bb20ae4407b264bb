"""Running work, independent of what the work is: child processes, files, progress, command life cycle, Beam.

May import: `schemas`.
"""
