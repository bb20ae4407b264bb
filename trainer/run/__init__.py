"""A run around its training loop: what must be right before it starts, what it records, how it stops and ends.

May import: every other folder of `trainer`. Only the commands import it.
"""
