"""The table of the pages of a corpus, read from `manifest.parquet`. Order, split and lengths need no open shard."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas import PageStatus, SchemaError

COLUMNS = ("key", "page", "status", "shard", "tokens")
KEY_DIGITS = 16  # hex digits of a page's key that name its document
BATCH_ROWS = 1 << 18
GOLDEN_RATIO = np.uint64(0x9E3779B97F4A7C15)  # its fraction times 2**64


@dataclass(frozen=True)
class PageTable:
    """The n pages that have a sample, sorted by shard and then by key. It needs 16 bytes per page.

    Attributes:
        bounds: (shards + 1,) int64: the pages of shard s are rows `bounds[s]` to `bounds[s + 1] - 1`.
        document: (n,) uint64: the first 8 bytes of the document's SHA-256.
        page: (n,) int32: page number, counted from 1.
        tokens: (n,) int32: number of tokens of the page.
    """

    bounds: np.ndarray
    document: np.ndarray
    page: np.ndarray
    tokens: np.ndarray

    def __len__(self) -> int:
        return len(self.page)

    def key(self, row: int) -> str:
        """Returns the key of a page's sample."""
        return f"{int(self.document[row]):016x}-{int(self.page[row]):05d}"

    def shard(self, row: int) -> int:
        """Returns the number of the shard that holds a page."""
        return int(np.searchsorted(self.bounds, row, side="right")) - 1

    def split(self, share: float) -> tuple[PageTable, PageTable]:
        """Returns the training pages and the held-out pages. Held-out pages are about `share` of the documents.

        A document is held out if its hash, as a fraction of 1, is below `share`. So all pages of a document are on the
        same side, and a document is on the same side in every corpus.
        """
        held_out = self.document < np.uint64(math.ceil(share * 2.0**64))
        return self._of(~held_out), self._of(held_out)

    def scattered(self, most: int) -> list[int]:
        """Returns up to `most` rows, chosen by a hash of document and page, in the order of this hash.

        They come from all over the corpus. The same pages are chosen however the pages are divided into shards.
        """
        # Document hashes are random already. The multiplication scatters the pages of one document evenly among those
        # of the others: multiples of the golden ratio, modulo 1, are evenly spread (Knuth, TAOCP 3, section 6.4).
        mixed = (self.document + self.page.astype(np.uint64)) * GOLDEN_RATIO  # modulo 2**64
        return np.lexsort((self.document, mixed))[:most].tolist()

    def _of(self, kept: np.ndarray) -> PageTable:
        bounds = np.append(0, np.cumsum(kept))[self.bounds]
        return PageTable(bounds, self.document[kept], self.page[kept], self.tokens[kept])


def read_page_table(manifest: BinaryIO, shards: list[str], source: str) -> PageTable:
    """Reads the pages of a manifest.

    Args:
        manifest: the open Parquet file.
        shards: names of the shards; shard s is `shards[s]`.
        source: name of the manifest for error messages.

    Raises:
        SchemaError: the manifest is damaged, or it contains a shard that is not in `shards`.
    """
    try:
        parts = list(_parts(pq.ParquetFile(manifest), pa.array(shards, pa.string())))
    except (pa.ArrowException, OSError) as error:
        raise SchemaError(f"{source} cannot be read ({error}): build or copy the corpus again.") from error
    empty = [np.zeros(0, kind) for kind in (np.int32, np.uint64, np.int32, np.int32)]
    shard, document, page, tokens = (np.concatenate(columns) for columns in zip(empty, *parts, strict=True))
    if (shard < 0).any():
        raise SchemaError(f"{source} has pages in shards that are not in the index: build or copy the corpus again.")
    order = np.lexsort((page, document, shard))
    bounds = np.append(0, np.cumsum(np.bincount(shard, minlength=len(shards))))
    return PageTable(bounds, document[order], page[order], tokens[order])


def _parts(manifest: pq.ParquetFile, shards: pa.Array) -> Iterator[tuple[np.ndarray, ...]]:
    """Yields shard number (-1: unknown), document, page and tokens of the pages that have a sample."""
    for batch in manifest.iter_batches(BATCH_ROWS, columns=COLUMNS):
        rows = batch.filter(pc.equal(batch["status"], PageStatus.OK.value))
        shard = pc.fill_null(pc.index_in(rows["shard"], shards), -1)
        columns = (shard, rows["page"], rows["tokens"])
        number, page, tokens = (column.to_numpy(zero_copy_only=False).astype(np.int32) for column in columns)
        yield number, _documents(rows["key"]), page, tokens


def _documents(keys: pa.Array) -> np.ndarray:
    """Returns the first hex digits of the keys as numbers, (n,) uint64."""
    fixed = pc.utf8_slice_codeunits(keys, 0, KEY_DIGITS).cast(pa.binary()).cast(pa.binary(KEY_DIGITS))
    digits = np.frombuffer(fixed.buffers()[1] or b"", np.uint8, len(fixed) * KEY_DIGITS, fixed.offset * KEY_DIGITS)
    values = (digits & 15) + 9 * (digits >> 6)  # "0" to "9" are 0x30 to 0x39, "a" to "f" are 0x61 to 0x66
    pairs = (values[0::2] << 4 | values[1::2]).astype(np.uint8)
    return pairs.view(">u8").astype(np.uint64)
