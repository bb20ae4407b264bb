"""What fine-tuning adds to a run: the items of its task, their predictions and scores, and the best model.

May import: every folder of `trainer` that is below `run`.
"""
