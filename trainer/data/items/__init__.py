"""Data sets for fine-tuning as pages of a corpus: `prepare` builds the corpus once, `pages` reads it item by item."""
