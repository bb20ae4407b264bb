"""Shards of a corpus on a local or network disk. Each is hashed once per machine, and the result is remembered."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import torch

from schemas import SchemaError, ShardInfo
from trainer.data.check_records import require_hash, require_hash_once
from trainer.data.shard_files import REPAIR


class IncompleteCorpus(SchemaError):
    """A shard is missing or has a wrong size. All ranks of a machine raise this error, perhaps only on that machine."""


class LocalShards:
    """The shards of a corpus on a local disk. The hash of a shard is checked before any process reads the shard.

    The result is remembered in a record, a small file in the cache folder. So neither another process of this machine
    nor a later run reads the whole shard again, unless its file has changed. Without records, each rank checks the
    shards that it reads.

    Args:
        folder: contains the tars.
        shards: the shards of the index.
        records: the folder of the records, see `check_records.records_folder`; None: there are none.
    """

    def __init__(self, folder: Path, shards: Sequence[ShardInfo], records: Path | None) -> None:
        self.folder = folder
        self.shards = shards
        self.records = records
        # Shared with the worker processes of the rank.
        self._checked = torch.zeros(len(shards), dtype=torch.bool).share_memory_()

    def path(self, number: int) -> Path:
        """Returns the file of the shard in the corpus.

        Raises:
            ShardError: the file cannot be read, or its SHA-256 differs from the index.
        """
        path = self._file(number)
        if not self._checked[number]:
            if self.records is None:
                require_hash(path, self.shards[number])
            else:
                require_hash_once(path, self.shards[number], self.records)
            self._checked[number] = True
        return path

    def require_complete(self) -> None:
        """Checks that all shards are there, by their sizes. It reads none of them.

        Raises:
            IncompleteCorpus: a shard is missing or has a wrong size.
        """
        faults = [fault for number in range(len(self.shards)) if (fault := self._size_fault(number))]
        if faults:
            verify = shlex.join(["python", "-m", "pipelines.verify", str(self.folder.parent)])
            raise IncompleteCorpus(
                f"{faults[0]} (missing or of a wrong size: {len(faults)} of {len(self.shards)} shards): {REPAIR}; "
                f"{verify} lists all faults."
            )

    def _size_fault(self, number: int) -> str | None:
        path, size = self._file(number), self.shards[number].bytes
        try:
            found = path.stat().st_size
        except FileNotFoundError:
            return f"{path} is missing, a shard of {size:,} bytes"
        except OSError as error:
            return f"{path} cannot be read ({error.strerror}), a shard of {size:,} bytes"
        return None if found == size else f"{path} has {found:,} bytes instead of {size:,}"

    def _file(self, number: int) -> Path:
        return self.folder / f"{self.shards[number].name}.tar"
