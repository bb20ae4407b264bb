"""Small helpers that pipelines and trainer share: durations, progress, hashes of files, interrupts, names.

May import: the standard library.
"""
