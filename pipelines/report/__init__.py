"""Files about a corpus for people: report, preview and dataset card, rendered from the files of `templates/`.

May import: `page`, `runtime`, `schemas`.
"""
