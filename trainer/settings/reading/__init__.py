"""How settings are read: flags, YAML files and overrides, the command lines of the commands, and advice in messages.

May import: the other modules of `trainer.settings`, and what they may import.
"""
