"""Runs of the trainer on two ranks that are killed, told to stop, robbed of a checkpoint or of room on the disk.

`python -m tests.trainer_chaos.run --kills 10` is the long run; the test beside it is a short one.
"""
