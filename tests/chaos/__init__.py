"""Faults on purpose: pages that hang, crash and eat memory, processes killed at random, disks that fill up.

`python -m tests.chaos.run --kills 30` is the long run; the tests beside it are a short one.
"""
