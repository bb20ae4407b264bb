"""A Beam job as a single chain: `names -> Reshuffle -> one output file each`.

Only names cross the shuffle. Each worker reads its own work list and writes its own file. So memory is flat, the output
does not depend on the runner, and finished work is never repeated. A single chain without side inputs is also the shape
that every runner executes correctly, Dask included.
"""

from __future__ import annotations

import re

import apache_beam as beam

from pipelines.runtime.beam.runners import job_options, make_pipeline, run_pipeline, runs_here
from pipelines.runtime.beam.worker_watch import stopped_by_dead_workers
from pipelines.runtime.progress import OutputWatch, Progress, ProgressHandle
from schemas import FolioError, SchemaError, UsageError

# A line of an error's text that begins with one of our types, or has it after what the runner put before it.
REASON = re.compile(
    r"^\s*(?:.*?: )??(?:\w+\.)*(UsageError|SchemaError|FolioError|KeyboardInterrupt)"
    r"(?:: *(.*?))?(?: *\[while running.*)?$",
    re.M,
)


class FileDoFn(beam.DoFn):
    """Gets names and writes a file under OUT for each.

    Attributes:
        output: OUT.
        outputs: the log's word for its files.
        min_ram_mb: memory that a machine needs for it.
        may_be_left: nothing waits for its files, so that `--no_wait_until_finish` may leave the job alone.
        progress: counts what is done, where the job runs in the process of the launcher.
    """

    output: str
    outputs = "files"
    min_ram_mb = 1
    may_be_left = False
    progress: ProgressHandle | None = None

    def count_outputs(self) -> int:
        """Returns the number of its files that exist."""
        raise NotImplementedError


def run_chain(label: str, names: list[str], do_fn: FileDoFn, beam_args: list[str], progress: Progress) -> None:
    """Runs `do_fn` on every name, on the runner that `beam_args` choose; the default is this process.

    Args:
        progress: counts documents or pages. On other runners, the output files are counted in its place.

    Raises:
        FolioError: the job failed.
    """
    options = job_options(label, names, do_fn.output, beam_args)
    pipeline = make_pipeline(options)
    here = runs_here(beam_args)
    shown = progress if here else OutputWatch(progress.verb, do_fn.outputs, len(names), do_fn.count_outputs)
    try:
        with stopped_by_dead_workers(), shown, ProgressHandle(progress) as handle:
            do_fn.progress = handle if here else None
            work = beam.ParDo(do_fn).with_resource_hints(min_ram=f"{do_fn.min_ram_mb}MiB")
            _ = pipeline | beam.Create(names) | beam.Reshuffle() | label >> work
            run_pipeline(label, pipeline, options, do_fn.may_be_left)
    except OSError:  # the disk is full, or a cluster cannot be reached
        raise
    except Exception as error:  # each runner has its own
        raise _reason(label, f"{type(error).__name__}: {error}") from error


def _reason(label: str, text: str) -> BaseException:
    """Returns the error that a DoFn raised, found in the text of the error that a runner made of it."""
    found = REASON.findall(text)
    if any(name == KeyboardInterrupt.__name__ for name, _ in found):
        return KeyboardInterrupt()
    if re.search("already (an )?active job", text):  # Dataflow's words where our job name is taken
        return FolioError(f"the {label} job of this corpus is running already. Wait for its end, then run this again.")
    if found:
        name, message = found[-1]
        return {kind.__name__: kind for kind in (UsageError, SchemaError, FolioError)}[name](message)
    return FolioError(f"the {label} job failed: {text}. What is finished is kept; run the same command again to go on.")
