"""From the boxes of words to lines in reading order. `place` is the way in; `order` starts with a worked example.

May import: `schemas`.
"""
