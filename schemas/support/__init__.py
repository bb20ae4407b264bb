"""Small helpers that pipelines and trainer share: durations in words, hashes of files, interrupts, near names.

May import: the standard library.
"""
