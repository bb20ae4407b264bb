"""The output directory OUT before a command writes to it: locking, and checks of what earlier runs left there."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.io.filesystem import BeamIOError

from pipelines.config import differences
from pipelines.corpus.store import CorpusStore
from pipelines.runtime.files import is_local
from pipelines.runtime.scratch import locked
from schemas import PLAN_SCHEMA, CorpusIndex, SchemaError, UsageError


def refuse_same_place(corpus: str, output: str) -> None:
    """Rejects an output that is the corpus itself or a directory inside it.

    Raises:
        UsageError: the new corpus would be written over or into the old one.
    """
    source, target = (str(Path(uri).resolve()) if is_local(uri) else uri.rstrip("/") for uri in (corpus, output))
    if f"{target}/".startswith(f"{source}/"):
        raise UsageError(f"--output {output} is the corpus {corpus} itself or is inside it: choose another directory.")


@contextmanager
def sole_command(output: str) -> Iterator[None]:
    """Locks a local OUT against other commands on this machine while the block runs. Buckets are not locked.

    Raises:
        UsageError: another command is writing to OUT, or OUT cannot be created.
    """
    with ExitStack() as block:
        if is_local(output):
            try:
                Path(output).mkdir(parents=True, exist_ok=True)
                block.enter_context(locked(Path(output), fcntl.LOCK_NB))
            except BlockingIOError as error:
                advice = "Wait until it ends, or choose another directory."
                raise UsageError(f"--output {output}: another command is writing there. {advice}") from error
            except OSError as error:
                raise UsageError(f"--output {output} cannot be written: {error}") from error
        yield


def claim_output(settings: dict[str, Any], store: CorpusStore) -> None:
    """Checks that OUT can be written and holds no shard with other settings; then records `settings` in it.

    Args:
        settings: the settings that decide the corpus's bytes, see `BuildConfig.corpus_settings`.
        store: OUT.

    Raises:
        UsageError: OUT cannot be written, or it holds a corpus with other settings or files that are not from a build.
        SchemaError: a file of an earlier run is damaged.
    """
    earlier = _earlier_settings(store)
    ours = earlier or store.exists("plan.parquet")
    other_files = [] if ours else store.unexpected_files()
    if other_files:
        raise UsageError(
            f"--output {store.output} holds {other_files[0]} but no corpus; choose an empty or a new directory."
        )
    changed = differences(earlier or settings, settings)
    if changed and (store.exists("index.json") or store.match("shards", "*.parquet")):
        changes = "\n  ".join(changed)
        raise UsageError(
            f"--output {store.output} holds a corpus with other settings; choose another OUT:\n  {changes}"
        )
    try:
        if changed:  # an earlier command stopped before its first shard
            store.delete("plan.parquet")
            store.clear_work()
        if not store.exists("index.json"):
            store.write(json.dumps(settings, indent=2, sort_keys=True).encode(), "work", "config.json")
    except (OSError, BeamIOError) as error:
        raise UsageError(f"--output {store.output} cannot be written: {error}") from error


def _earlier_settings(store: CorpusStore) -> dict[str, Any] | None:
    """Returns the settings of the finished corpus or unfinished build in OUT; None if there is neither."""
    if store.exists("index.json"):
        return read_index(store).config
    if store.exists("work", "config.json"):
        try:
            return json.loads(store.read("work", "config.json"))
        except ValueError as error:
            raise SchemaError(f"{store.uri('work', 'config.json')} is damaged: delete it.") from error
    return None


def read_index(store: CorpusStore) -> CorpusIndex:
    """Returns the index of a finished corpus on any file system.

    Raises:
        UsageError: there is none.
        SchemaError: it has another schema version, or is not an index.
    """
    if not store.exists("index.json"):
        raise UsageError(
            f"{store.output} holds no index.json, so no finished corpus: build it with pipelines.build_corpus."
        )
    return CorpusIndex.from_json(store.read("index.json"), store.uri("index.json"))


def read_plan(store: CorpusStore) -> pa.Table:
    """Returns the rows of `OUT/plan.parquet`.

    Raises:
        SchemaError: the file is missing or damaged.
    """
    if not store.exists("plan.parquet"):
        raise SchemaError(f"{store.uri('plan.parquet')} is missing: build the corpus again.")
    try:
        plan = pq.read_table(pa.BufferReader(store.read("plan.parquet")), schema=PLAN_SCHEMA)
        plan.validate(full=True)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise SchemaError(
            f"{store.uri('plan.parquet')} is damaged: delete it and the shards next to it, and build again."
        ) from error
    return plan
