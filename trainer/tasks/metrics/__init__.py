"""Official metrics of the downstream tasks: pure functions on texts and labels.

May import: nothing of Folio.
"""
