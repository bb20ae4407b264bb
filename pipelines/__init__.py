"""Apache Beam jobs that turn PDFs into a corpus of WebDataset shards."""

import logging

# Without its Google extra, Beam warns on the root logger about a missing BigQuery client. Nothing here uses BigQuery.
logging.getLogger().addFilter(lambda record: not record.getMessage().startswith("apitools not found"))
