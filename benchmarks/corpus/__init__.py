"""Building a corpus: its cost, how it scales over documents, pages and processes, its memory, damaged documents,
and how far the estimate of `--dry_run` is off."""
