"""How work is carried out, whatever the work is: child processes, files, progress, command life cycle, Beam.

May import: `schemas`.
"""
