"""`index.json`: what a corpus contains and how it was built."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from schemas.errors import SchemaError, UsageError
from schemas.sample import SCHEMA_VERSION, TOKEN_COLUMNS, check_schema_version

INDEX_NAME = "index.json"


@dataclass(frozen=True)
class ShardInfo:
    """One finished shard.

    Attributes:
        name: file name under `shards/` without its extension.
        samples: number of pages in the tar.
        pages: number of pages that were attempted; equals the number of rows in the parquet of the shard.
        bytes: size of the tar.
        sha256: hash of the tar, 64 hex digits.
    """

    name: str
    samples: int
    pages: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class TokenizerInfo:
    """The tokenizer that produced the token arrays.

    Attributes:
        name: `t5`, a path or a name on the Hugging Face hub.
        sha256: hash of the model file, 64 hex digits.
        vocab_size: number of ids in the model file.
    """

    name: str
    sha256: str
    vocab_size: int


@dataclass(frozen=True)
class CorpusIndex:
    """The description of a whole corpus, stored in `index.json`.

    Attributes:
        config: the settings that determine the bytes of the corpus.
        fingerprint: hex digest of `config`.
        tokenizer: the tokenizer of the token arrays.
        grid_rows, grid_cols: the grid of the `cell` column of the tokens. Cells are counted row by row.
        shards: one entry per shard, in order.
        totals: sums over the corpus: documents, pages, samples, words, lines, tokens, bytes, and rows by `status`.
        token_columns: names of the columns of `tokens.npy`.
        schema_version: version of the schema that the corpus was written with.
    """

    config: dict[str, Any]
    fingerprint: str
    tokenizer: TokenizerInfo
    grid_rows: int
    grid_cols: int
    shards: tuple[ShardInfo, ...]
    totals: dict[str, Any]
    token_columns: tuple[str, ...] = TOKEN_COLUMNS
    schema_version: int = SCHEMA_VERSION

    def to_json(self) -> str:
        """Returns the content of `index.json`."""
        return json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, source: str = INDEX_NAME) -> CorpusIndex:
        """Parses the content of `index.json`.

        Args:
            text: the content.
            source: name of the file in error messages.

        Raises:
            SchemaError: the schema version differs, or the content is not an index.
        """
        try:
            record = json.loads(text)
            check_schema_version(record["schema_version"], source)
            shards = tuple(ShardInfo(**shard) for shard in record.pop("shards"))
            tokenizer = TokenizerInfo(**record.pop("tokenizer"))
            columns = tuple(record.pop("token_columns"))
            return cls(shards=shards, tokenizer=tokenizer, token_columns=columns, **record)
        except (KeyError, TypeError, ValueError) as error:
            raise SchemaError(f"{source} is not the index of a corpus: {error!r}; build the corpus again.") from error

    def write(self, corpus_dir: str | Path) -> None:
        """Writes `index.json` into a local directory, atomically."""
        path = Path(corpus_dir, INDEX_NAME)
        partial = path.with_suffix(".tmp")
        partial.write_text(self.to_json(), encoding="utf-8")
        partial.replace(path)

    @classmethod
    def read(cls, corpus_dir: str | Path) -> CorpusIndex:
        """Reads `index.json` of a local corpus.

        Raises:
            UsageError: the file does not exist, so the corpus is not finished.
            SchemaError: the schema version differs, or the file is not an index.
        """
        path = Path(corpus_dir, INDEX_NAME)
        if not path.is_file():
            raise UsageError(
                f"{corpus_dir} holds no {INDEX_NAME}, so no finished corpus: build it with pipelines.build_corpus."
            )
        return cls.from_json(path.read_bytes(), str(path))
