"""Deliberate faults: pages that hang, crash and use too much memory, randomly killed processes, full disks.

`python -m tests.chaos.run --kills 30` is the long run. The tests in this folder are a short one.
"""
