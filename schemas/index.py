"""`index.json`: what a corpus is made of and how it was made."""

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
        name: file name under `shards/` without its ending.
        samples: pages in the tar.
        pages: pages that were attempted, so rows in the shard's parquet.
        bytes: size of the tar.
        sha256: of the tar.
    """

    name: str
    samples: int
    pages: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class TokenizerInfo:
    """The tokenizer whose ids the token arrays hold; `sha256` is of its model file."""

    name: str
    sha256: str
    vocab_size: int


@dataclass(frozen=True)
class CorpusIndex:
    """The head of a corpus.

    Attributes:
        config: the settings that decide the corpus's bytes.
        fingerprint: hex digest of `config`.
        grid_rows, grid_cols: the grid that the tokens' `cell` column counts on, row by row.
        totals: sums over the corpus: documents, pages, samples, words, lines, tokens, bytes, and pages by `status`.
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
        """Returns the text of `index.json`."""
        return json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, source: str = INDEX_NAME) -> CorpusIndex:
        """Parses `index.json`; `source` names it in errors.

        Raises:
            SchemaError: another schema version, or no index at all.
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
        """Writes `index.json` into a local directory, all of it or none."""
        path = Path(corpus_dir, INDEX_NAME)
        partial = path.with_suffix(".tmp")
        partial.write_text(self.to_json(), encoding="utf-8")
        partial.replace(path)

    @classmethod
    def read(cls, corpus_dir: str | Path) -> CorpusIndex:
        """Reads `index.json` of a local corpus.

        Raises:
            UsageError: there is none, so no finished corpus.
            SchemaError: another schema version, or no index at all.
        """
        path = Path(corpus_dir, INDEX_NAME)
        if not path.is_file():
            raise UsageError(
                f"{corpus_dir} holds no {INDEX_NAME}, so no finished corpus: build it with pipelines.build_corpus."
            )
        return cls.from_json(path.read_bytes(), str(path))
