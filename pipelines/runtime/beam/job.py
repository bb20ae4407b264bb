"""A Beam job as a single chain: `names -> Reshuffle -> one output file each`.

Only names cross the shuffle. Each worker reads its own work list and writes its own file. Therefore memory use does not
grow with the corpus, the output does not depend on the runner, and finished work is never repeated. Every runner,
including Dask, also executes a single chain without side inputs correctly.
"""

from __future__ import annotations

import re

import apache_beam as beam

from pipelines.runtime.beam.runners import job_options, make_pipeline, run_pipeline, runs_here
from pipelines.runtime.beam.worker_watch import stopped_by_dead_workers
from pipelines.runtime.files import match_below
from pipelines.runtime.progress import OutputWatch, Progress, ProgressHandle
from schemas import FolioError, SchemaError, UsageError

# A line of an error text that starts with one of our error types, or has the type after a prefix from the runner.
REASON = re.compile(
    r"^\s*(?:.*?: )??(?:\w+\.)*(UsageError|SchemaError|FolioError|KeyboardInterrupt)"
    r"(?:: *(.*?))?(?: *\[while running.*)?$",
    re.M,
)


class FileDoFn(beam.DoFn):
    """Base class of our jobs: receives names and writes one file under OUT for each.

    Attributes:
        output: OUT.
        outputs: how the log calls its files.
        pattern: path parts of a glob pattern that matches its files under OUT.
        min_ram_mb: memory that a machine needs for the job, in MiB.
        may_be_left: True if no later stage of the command needs the files. Then, with `--no_wait_until_finish`, the
            command does not wait for the job.
        progress: counts finished items, if the job runs in the launcher's process; else None.
    """

    output: str
    outputs = "files"
    pattern: tuple[str, ...] = ("*",)
    min_ram_mb = 1
    may_be_left = False
    progress: ProgressHandle | None = None

    def count_outputs(self) -> int:
        """Returns how many of the job's files exist."""
        return len(match_below(self.output, *self.pattern))


def run_chain(label: str, names: list[str], do_fn: FileDoFn, beam_args: list[str], progress: Progress) -> None:
    """Runs `do_fn` on every name, on the runner chosen by `beam_args`. The default runner is this process.

    Args:
        label: name of the job, for the log and for errors.
        names: the elements, one output file each.
        do_fn: the work.
        beam_args: the flags of Beam.
        progress: counts documents or pages. On other runners, output files are counted instead.

    Raises:
        FolioError: the job failed. The subtype is that of the error raised in the worker, if it is one of ours.
        OSError: the disk is full, or the cluster cannot be reached.
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
    except Exception as error:  # each runner raises its own types
        raise _reason(label, f"{type(error).__name__}: {error}") from error


def _reason(label: str, text: str) -> BaseException:
    """Returns the error that the DoFn raised. Finds it in the text of the runner's own error."""
    found = REASON.findall(text)
    if any(name == KeyboardInterrupt.__name__ for name, _ in found):
        return KeyboardInterrupt()
    if re.search("already (an )?active job", text):  # Dataflow's message if the job name is in use
        return FolioError(
            f"the {label} job of this corpus is running already. Wait until it ends, then run this again."
        )
    if found:
        name, message = found[-1]
        return {kind.__name__: kind for kind in (UsageError, SchemaError, FolioError)}[name](message)
    return FolioError(f"the {label} job failed: {text}. Finished work is kept; run the same command again to continue.")
