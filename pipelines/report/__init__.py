"""What a corpus shows people: report, preview and dataset card, filled into the files of `templates/`.

May import: `page`, `runtime`, `schemas`.
"""
