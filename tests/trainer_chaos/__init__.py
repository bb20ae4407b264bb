"""Runs of the trainer on two ranks that are killed, stopped, or lose a checkpoint or their disk space.

`python -m tests.trainer_chaos.run --kills 10` is the long version, `test_trainer_chaos` a short one.
"""
