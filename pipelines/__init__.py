"""Apache Beam jobs that turn PDFs into a corpus of WebDataset shards."""

import logging

# Importing Beam without its Google extra warns, on the root logger, of a BigQuery client that nothing here asks for.
logging.getLogger().addFilter(lambda record: not record.getMessage().startswith("apitools not found"))
