"""The contract of a Folio corpus: defines pages, samples, manifest rows and the index, and reads them.

Needs only numpy and pyarrow. Any project can therefore open a corpus without Beam or torch:

    from schemas import Corpus

    corpus = Corpus("OUT")
    sample = corpus[0]          # key, jpg bytes, json bytes, (tokens, 8) int32
    page = sample.page()        # words, boxes, lines, where the page came from
"""

from schemas.errors import FolioError, SchemaError, UsageError
from schemas.geometry import Box, box_1000, cell_of, hull
from schemas.index import SCHEMA_VERSION, CorpusIndex, ShardInfo, TokenizerInfo
from schemas.page import Line, Page, PageStatus, Word, page_key
from schemas.reader import Corpus, Sample
from schemas.sample import TOKEN_COLUMNS, decode_page, decode_tokens, encode_sample
from schemas.tables import MANIFEST_SCHEMA, PLAN_SCHEMA, TIME_COLUMNS
from schemas.tokenizer import Tokenizer, load_tokenizer

__all__ = [
    "MANIFEST_SCHEMA",
    "PLAN_SCHEMA",
    "SCHEMA_VERSION",
    "TIME_COLUMNS",
    "TOKEN_COLUMNS",
    "Box",
    "Corpus",
    "CorpusIndex",
    "FolioError",
    "Line",
    "Page",
    "PageStatus",
    "Sample",
    "SchemaError",
    "ShardInfo",
    "Tokenizer",
    "TokenizerInfo",
    "UsageError",
    "Word",
    "box_1000",
    "cell_of",
    "decode_page",
    "decode_tokens",
    "encode_sample",
    "hull",
    "load_tokenizer",
    "page_key",
]
