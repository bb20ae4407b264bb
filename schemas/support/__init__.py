"""Small helpers that pipelines and trainer share: format durations, hash files, keep interrupts, suggest names.

May import: the standard library.
"""
